"""Requirements read and answered: answers add up until every field that is asked for has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.requirements.form_answers import outstanding, unknown, with_defaults, wrong
from mockserver.providers.kota.requirements.logic import LIFECYCLE, form_of
from mockserver.providers.kota.requirements.schemas import AnswersRequest
from mockserver.providers.kota.values.records import found, found_with_body, one, today, written
from mockserver.providers.kota.wire.dialect import Refused
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import shown


def _retrieve(call: Call) -> Reply:
    record = found(call, "requirement", "requirement_id")
    shown = {"is_fulfilled": record["is_fulfilled"]}
    if record["is_fulfilled"]:
        shown["fulfilled_at"] = written(call, record["_fulfilled_at"])
    return one(call, {**shown, "schema": with_defaults(form_of(record), record["_answers"])})


def _answer(call: Call) -> Reply:
    record, body = found_with_body(call, "requirement", "requirement_id")
    if record["is_fulfilled"]:
        raise Problem("requirement_fulfilled", "The requirement is fulfilled", status=409)
    _check(call, record, body.answers)
    answers = {**record["_answers"], **body.answers}
    left = outstanding(form_of(record), answers, today(call))
    if answers:
        record = LIFECYCLE.take(call, record, "answer" if left else "fulfil", _answers=answers)
    shown: dict[str, Any] = {"status": record["_status"]}
    if record["_status"] == "in_progress":
        shown["outstanding_fields"] = left
    return one(call, {**shown, "schema": with_defaults(form_of(record), answers)})


def _check(call: Call, record: Record, given: dict[str, Any]) -> None:
    form = form_of(record)
    strange = unknown(form, given)
    if strange:
        raise Refused("invalid_field", f"Unknown field: {strange[0]}", {"unknown_fields": strange})
    errors = [each._asdict() for each in wrong(form, given, record["_answers"], today(call))]
    if errors:
        raise Refused("invalid_field", errors[0]["message"], {"errors": errors})


def operations() -> Iterator[Operation]:
    """The operations on requirements."""
    single = "/requirements/{requirement_id}"
    yield row(
        "get_requirement",
        f"GET {single}",
        _retrieve,
        "Get a requirement",
        answer=shown("requirements", "RequirementResponse"),
    )
    yield row(
        "submit_requirement_answers",
        f"POST {single}",
        _answer,
        "Answer a requirement",
        body=AnswersRequest,
        answer=shown("requirements", "RequirementAnsweredResponse"),
    )
