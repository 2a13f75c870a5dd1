"""The operations on employers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employers import schemas
from mockserver.providers.kota.employers.logic import LIFECYCLE, create_employer, tell_employer
from mockserver.providers.kota.values.addresses import address_errors, moved
from mockserver.providers.kota.values.records import changed, found, found_with_body, one, refuse_fields, today
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _create(call: Call) -> Reply:
    body: schemas.CreateEmployerRequest = call.body
    start = body.earliest_benefits_start_date
    if start is not None and start <= today(call):
        refuse_fields([("earliest_benefits_start_date", "must be in the future")])
    return one(call, create_employer(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    return listed(call, walk(call.space, "employers", status=chosen(query.filter)))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "employer", "employer_id"))


def _update(call: Call) -> Reply:
    record, body = found_with_body(call, "employer", "employer_id")
    refuse_fields(address_errors("legal_address", record["legal_address"], body.legal_address))
    if body.earliest_benefits_start_date is not None and _has_scheme(call, record):
        refuse_fields([("earliest_benefits_start_date", "cannot change once there is a group quote or policy")])
    fields = changed(
        record, body, "legal_name", "registration_number", "contact", "earliest_benefits_start_date", "metadata"
    )
    if body.legal_address is not None:
        fields["legal_address"] = moved(record["legal_address"], body.legal_address)
    call.space.put("employers", fields)
    employees.wait_anew(call, fields)
    tell_employer(call, "updated", fields)
    return one(call, fields)


def _has_scheme(call: Call, record: Record) -> bool:
    groups = list(walk(call.space, "groups", employer_id=record["id"]))
    return any(group["group_quote_intent_ids"] or group["group_policy_ids"] for group in groups)


def _offboard(call: Call) -> Reply:
    record = found(call, "employer", "employer_id")
    at_once = record["status"] == "offboarding" or assume(call).employer_offboarding == 0
    return one(call, LIFECYCLE.take(call, record, "offboard" if at_once else "begin_offboarding"))


def operations() -> Iterator[Operation]:
    """The operations on employers."""
    answer, single = shown("employers", "EmployerResponse"), "/employers/{employer_id}"
    create, update = schemas.CreateEmployerRequest, schemas.UpdateEmployerRequest
    yield row("create_employer", "POST /employers", _create, "Create an employer", body=create, answer=answer)
    yield row(
        "list_employers", "GET /employers", _list, "List employers", query=schemas.EmployersPage, answer=paged(answer)
    )
    yield row("update_employer", f"PUT {single}", _update, "Update an employer", body=update, answer=answer)
    yield row("get_employer", f"GET {single}", _retrieve, "Get an employer", answer=answer)
    yield row("offboard_employer", f"POST {single}/offboard", _offboard, "Offboard an employer", answer=answer)
