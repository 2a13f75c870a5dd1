"""Operations on employers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employers import schemas
from mockserver.providers.kota.employers.logic import LIFECYCLE, create_employer, publish_employer_event
from mockserver.providers.kota.values.addresses import address_errors, replace_address
from mockserver.providers.kota.values.records import (
    apply_changes,
    get_or_404,
    get_or_404_with_body,
    refuse_fields,
    render_one,
    today,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    body: schemas.CreateEmployerRequest = call.body
    start = body.earliest_benefits_start_date
    if start is not None and start <= today(call):
        refuse_fields([("earliest_benefits_start_date", "must be in the future")])
    return render_one(call, create_employer(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    return render_list(call, iter_records(call.space, "employers", status=filter_values(query.filter)))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "employer", "employer_id"))


def _update(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, "employer", "employer_id")
    refuse_fields(address_errors("legal_address", record["legal_address"], body.legal_address))
    if body.earliest_benefits_start_date is not None and _has_quote_or_policy(call, record):
        refuse_fields([("earliest_benefits_start_date", "cannot change once there is a group quote or policy")])
    changed = apply_changes(
        record, body, "legal_name", "registration_number", "contact", "earliest_benefits_start_date", "metadata"
    )
    if body.legal_address is not None:
        changed["legal_address"] = replace_address(record["legal_address"], body.legal_address)
    call.space.put("employers", changed)
    employees.reschedule_checks(call, changed)
    publish_employer_event(call, "updated", changed)
    return render_one(call, changed)


def _has_quote_or_policy(call: Call, record: Record) -> bool:
    groups = list(iter_records(call.space, "groups", employer_id=record["id"]))
    return any(group["group_quote_intent_ids"] or group["group_policy_ids"] for group in groups)


def _offboard(call: Call) -> Reply:
    record = get_or_404(call, "employer", "employer_id")
    is_immediate = record["status"] == "offboarding" or assumptions_of(call).employer_offboarding == 0
    return render_one(call, LIFECYCLE.apply(call, record, "offboard" if is_immediate else "begin_offboarding"))


def operations() -> Iterator[Operation]:
    model, item_path = response_model("employers", "EmployerResponse"), "/employers/{employer_id}"
    create, update = schemas.CreateEmployerRequest, schemas.UpdateEmployerRequest
    yield define_operation(
        "create_employer", "POST /employers", _create, "Create an employer", body=create, response=model
    )
    yield define_operation(
        "list_employers",
        "GET /employers",
        _list,
        "List employers",
        query=schemas.EmployersQuery,
        response=paged_response_model(model),
    )
    yield define_operation(
        "update_employer", f"PUT {item_path}", _update, "Update an employer", body=update, response=model
    )
    yield define_operation("get_employer", f"GET {item_path}", _retrieve, "Get an employer", response=model)
    yield define_operation(
        "offboard_employer", f"POST {item_path}/offboard", _offboard, "Offboard an employer", response=model
    )
