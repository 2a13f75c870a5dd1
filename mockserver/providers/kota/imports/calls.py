"""Operations on policy import intents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.enrolments.calls import refuse_uninsurable
from mockserver.providers.kota.enrolments.state_details import find_group_policies
from mockserver.providers.kota.imports import schemas
from mockserver.providers.kota.imports.logic import KIND, create_import
from mockserver.providers.kota.values.fields import MIN_DATE
from mockserver.providers.kota.values.records import (
    get_or_404,
    get_referenced,
    refuse_fields,
    render_one,
    require_insurer,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _create(call: Call) -> Reply:
    body: schemas.CreatePolicyImportIntentRequest = call.body
    employee = get_referenced(call, "employee", "employee_id", body.employee_id)
    group = get_referenced(call, "group", "group_id", body.group_id)
    refuse_fields(_body_errors(call, body))
    refuse_uninsurable(call, group, employee)
    ends_on = find_group_policies(call, group["id"])[0]["end_date"]
    if body.policy_start_date > ends_on:
        refuse_fields([("policy_start_date", f"the group's policy ends on {ends_on}")])
    require_insurer(call)
    return render_one(call, create_import(call, body.model_dump(mode="json")))


def _body_errors(call: Call, body: schemas.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    yield from _date_errors(body)
    persons = body.associated_persons or []
    for nth, each in enumerate(persons):
        path = f"associated_persons[{nth}]"
        person = get_referenced(call, "associated_person", f"{path}.associated_person_id", each.associated_person_id)
        if person["employee_id"] != body.employee_id:
            yield f"{path}.associated_person_id", "not a person of this employee"
        if each.associated_person_id in [other.associated_person_id for other in persons[:nth]]:
            yield f"{path}.associated_person_id", "given twice"
        if each.start_date and each.end_date and each.end_date < each.start_date:
            yield f"{path}.end_date", "must not be before the start"


def _date_errors(body: schemas.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    if body.policy_start_date <= MIN_DATE:
        yield "policy_start_date", f"must be after {MIN_DATE}"
    if body.policy_end_date is not None and body.policy_end_date < body.policy_start_date:
        yield "policy_end_date", "must not be before the start"


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {"employee_id": query.employee_id, "group_id": query.group_id, "status": filter_values(query.status)}
    return render_list(call, iter_records(call.space, "policy_import_intents", **filters))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, KIND, f"{KIND}_id"))


def operations() -> Iterator[Operation]:
    path, model = "/policy_import_intents", response_model("imports", "PolicyImportIntentResponse")
    body, listing = (
        schemas.CreatePolicyImportIntentRequest,
        {"query": schemas.ImportsQuery, "response": paged_response_model(model)},
    )
    yield define_operation(
        f"create_{KIND}", f"POST {path}", _create, "Create a policy import intent", body=body, response=model
    )
    yield define_operation(f"list_{KIND}s", f"GET {path}", _list, "List policy import intents", **listing)
    yield define_operation(
        f"get_{KIND}", f"GET {path}/{{{KIND}_id}}", _retrieve, "Get a policy import intent", response=model
    )
