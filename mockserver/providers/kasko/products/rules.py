"""Validation rules of products, in Laravel's grammar: `integer|required|in:1,2`, `after:today`, `required_if:a,b`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from mockserver.engine import FieldError, Problem

Data = Mapping[str, Any]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
_TRUE, _FALSE = (True, "true", "1", 1), (False, "false", "0", 0)
MAX_INTEGER = 10**15
"""The absolute value of an integer must be lower than this."""


class RuleViolation(Exception):
    """A value violates a rule of a product; ``validate_data`` reports the field as invalid."""


def validate_data(rules: Mapping[str, str], data: Data, today: date, *, strict: bool = False) -> dict[str, Any]:
    """Returns the data with values converted to the types of the rules; ``strict`` accepts only the JSON types.

    Raises Problem ``data_invalid`` with every invalid field.
    """
    validated, errors = dict(data), []
    for field, rule in rules.items():
        parts = rule.split("|")
        value = data.get(field)
        if value is None or value == "":
            validated.pop(field, None)
            if _is_required(parts, data):
                errors.append(FieldError(field, "missing"))
            continue
        try:
            validated[field] = _apply_rules(parts, value, today, strict)
        except RuleViolation:
            errors.append(FieldError(field, "invalid"))
    if errors:
        raise Problem("data_invalid", ", ".join(error.path for error in errors), status=400, fields=errors)
    return validated


def find_unknown_rule(rule: str) -> str | None:
    """Returns the first unknown part of a rule, or None."""
    names = (part.partition(":")[0] for part in rule.split("|"))
    return next((name for name in names if name not in RULES and name not in _PRESENCE_RULES), None)


_PRESENCE_RULES = ("required", "required_if")


def _is_required(parts: list[str], data: Data) -> bool:
    for part in parts:
        name, _, argument = part.partition(":")
        other, *values = argument.split(",")
        if name == "required" or (name == "required_if" and to_text(data.get(other)) in values):
            return True
    return False


def _apply_rules(parts: list[str], value: Any, today: date, strict: bool) -> Any:
    for part in parts:
        name, _, argument = part.partition(":")
        if name not in _PRESENCE_RULES:
            value = RULES[name](value, argument, today, strict)
    return value


def _integer(value: Any, _argument: str, _today: date, strict: bool) -> int:
    if not strict and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_INTEGER:
        return value
    raise RuleViolation


def _string(value: Any, _argument: str, _today: date, _strict: bool) -> str:
    if isinstance(value, str):
        return value
    raise RuleViolation


def _boolean(value: Any, _argument: str, _today: date, strict: bool) -> bool:
    if isinstance(value, bool):
        return value
    if not strict and isinstance(value, str | int) and value in (*_TRUE, *_FALSE):
        return value in _TRUE
    raise RuleViolation


def _in(value: Any, argument: str, _today: date, _strict: bool) -> Any:
    if to_text(value) in argument.split(","):
        return value
    raise RuleViolation


def read_date(value: Any) -> date:
    """Parses `YYYY-MM-DD`. Raises RuleViolation for anything else."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise RuleViolation
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise RuleViolation from None


def _iso_date(value: Any, _argument: str, _today: date, _strict: bool) -> str:
    return read_date(value).isoformat()


def _after(value: Any, argument: str, today: date, _strict: bool) -> Any:
    if read_date(value) > (today if argument == "today" else read_date(argument)):
        return value
    raise RuleViolation


def _min(value: Any, argument: str, _today: date, _strict: bool) -> Any:
    if _size(value) >= int(argument):
        return value
    raise RuleViolation


def _max(value: Any, argument: str, _today: date, _strict: bool) -> Any:
    if _size(value) <= int(argument):
        return value
    raise RuleViolation


def _size(value: Any) -> int:
    """Returns the number that `min` and `max` compare: an integer itself, or the length of a text."""
    return value if isinstance(value, int) else len(str(value))


RULES: dict[str, Callable[[Any, str, date, bool], Any]] = {
    "integer": _integer,
    "string": _string,
    "boolean": _boolean,
    "in": _in,
    "iso_date": _iso_date,
    "after": _after,
    "min": _min,
    "max": _max,
}
"""Name of a rule -> function that takes value, argument, today and ``strict``, and returns the converted value."""


def to_text(value: Any) -> str:
    """Converts a value to text for comparison with rules and price tables; booleans become `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
