"""Validates answers to forms, finds outstanding fields, and inserts answers into forms as default values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from mockserver.providers.kota.requirements.forms import Form
from mockserver.providers.kota.requirements.rules import holds

Answers = Mapping[str, Any]


class AnswerError(NamedTuple):
    field_id: str
    error_type: str
    message: str


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value).isoformat() == value)
    except (TypeError, ValueError):
        return False


_TYPE_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "text": (_is_text, "Must be a text."),
    "textarea": (_is_text, "Must be a text."),
    "number": (_is_number, "Must be a number."),
    "checkbox": (lambda value: isinstance(value, bool), "Must be true or false."),
    "date": (_is_day, "Must be a date such as 2026-10-01."),
    "select": (lambda value: isinstance(value, str | bool), "Must be one of the options."),
}


def unknown_fields(form: Form, given: Answers) -> list[str]:
    """Returns the ids of answers to fields that the form does not have."""
    known = {field["id"] for field in form["fields"]}
    return [id for id in given if id not in known]


def answer_errors(form: Form, given: Answers, before: Answers, today: str) -> list[AnswerError]:
    """Returns the errors of the answers in ``given``; their rules can also refer to the answers in ``before``."""
    merged = {**before, **given}
    answered = [field for field in form["fields"] if field["id"] in given]
    return [each for field in answered for each in _field_errors(form, field, merged, today)]


def _field_errors(form: Form, field: Mapping[str, Any], answers: Answers, today: str) -> Iterator[AnswerError]:
    id, value = field["id"], answers[field["id"]]
    fits, message = _TYPE_CHECKS[field["type"]]
    if not fits(value):
        yield AnswerError(id, "invalid_type", message)
    elif field["type"] == "select" and value not in _options(form, field):
        yield AnswerError(id, "invalid_option", message)
    else:
        for rule in field["validation"].get("rules", ()):
            if not holds(rule["rule"], answers, today):
                yield AnswerError(id, "rule_failed", rule["message"])


def _options(form: Form, field: Mapping[str, Any]) -> list[Any]:
    if "options" in field:
        return [option["value"] for option in field["options"]]
    source = field["optionsSource"]["dataset"]
    return [item["value"] for dataset in form["datasets"] if dataset["id"] == source for item in dataset["items"]]


def find_outstanding_fields(form: Form, answers: Answers, today: str) -> list[str]:
    """Returns the ids of the fields that are visible and required, but have no answer."""
    return [
        field["id"]
        for field in form["fields"]
        if field["id"] not in answers
        and holds(field.get("visibleWhen", True), answers, today)
        and (field["validation"].get("required") or holds(field["validation"].get("requireWhen"), answers, today))
    ]


def with_defaults(form: Form, answers: Answers) -> dict[str, Any]:
    """Returns the form with the answers as default values of its fields."""
    fields = [
        {**field, "defaultValue": answers[field["id"]]} if field["id"] in answers else field for field in form["fields"]
    ]
    return {**form, "fields": fields}
