"""Operations on requirements; a requirement is fulfilled when every required field has an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.requirements.form_answers import (
    answer_errors,
    find_outstanding_fields,
    unknown_fields,
    with_defaults,
)
from mockserver.providers.kota.requirements.logic import LIFECYCLE, get_form
from mockserver.providers.kota.requirements.schemas import AnswersRequest
from mockserver.providers.kota.values.records import (
    format_date_time,
    get_or_404,
    get_or_404_with_body,
    render_one,
    today,
)
from mockserver.providers.kota.wire.dialect import ExtendedProblem
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import response_model


def _retrieve(call: Call) -> Reply:
    record = get_or_404(call, "requirement", "requirement_id")
    members = {"is_fulfilled": record["is_fulfilled"]}
    if record["is_fulfilled"]:
        members["fulfilled_at"] = format_date_time(call, record["_fulfilled_at"])
    return render_one(call, {**members, "schema": with_defaults(get_form(record), record["_answers"])})


def _answer(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, "requirement", "requirement_id")
    if record["is_fulfilled"]:
        raise Problem("requirement_fulfilled", "The requirement is fulfilled", status=409)
    _refuse_invalid_answers(call, record, body.answers)
    answers = {**record["_answers"], **body.answers}
    missing = find_outstanding_fields(get_form(record), answers, today(call))
    if answers:
        record = LIFECYCLE.apply(call, record, "answer" if missing else "fulfil", _answers=answers)
    members: dict[str, Any] = {"status": record["_status"]}
    if record["_status"] == "in_progress":
        members["outstanding_fields"] = missing
    return render_one(call, {**members, "schema": with_defaults(get_form(record), answers)})


def _refuse_invalid_answers(call: Call, record: Record, given: dict[str, Any]) -> None:
    form = get_form(record)
    unknown = unknown_fields(form, given)
    if unknown:
        raise ExtendedProblem("invalid_field", f"Unknown field: {unknown[0]}", {"unknown_fields": unknown})
    errors = [each._asdict() for each in answer_errors(form, given, record["_answers"], today(call))]
    if errors:
        raise ExtendedProblem("invalid_field", errors[0]["message"], {"errors": errors})


def operations() -> Iterator[Operation]:
    item_path = "/requirements/{requirement_id}"
    yield define_operation(
        "get_requirement",
        f"GET {item_path}",
        _retrieve,
        "Get a requirement",
        response=response_model("requirements", "RequirementResponse"),
    )
    yield define_operation(
        "submit_requirement_answers",
        f"POST {item_path}",
        _answer,
        "Answer a requirement",
        body=AnswersRequest,
        response=response_model("requirements", "RequirementAnsweredResponse"),
    )
