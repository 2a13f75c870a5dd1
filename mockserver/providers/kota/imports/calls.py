"""The operations on policy import intents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Reply
from mockserver.providers.kota.enrolments.calls import refuse_uninsurable
from mockserver.providers.kota.enrolments.parts import policies_of
from mockserver.providers.kota.imports import schemas
from mockserver.providers.kota.imports.logic import KIND, create_import
from mockserver.providers.kota.values.fields import OLDEST
from mockserver.providers.kota.values.records import found, need_insurer, one, referred, refuse_fields
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _create(call: Call) -> Reply:
    body: schemas.CreatePolicyImportIntentRequest = call.body
    employee = referred(call, "employee", "employee_id", body.employee_id)
    group = referred(call, "group", "group_id", body.group_id)
    refuse_fields(_wrong(call, body))
    refuse_uninsurable(call, group, employee)
    ends_on = policies_of(call, group["id"])[0]["end_date"]
    if body.policy_start_date > ends_on:
        refuse_fields([("policy_start_date", f"the group's policy ends on {ends_on}")])
    need_insurer(call)
    return one(call, create_import(call, body.model_dump(mode="json")))


def _wrong(call: Call, body: schemas.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    yield from _wrong_dates(body)
    persons = body.associated_persons or []
    for nth, each in enumerate(persons):
        path = f"associated_persons[{nth}]"
        person = referred(call, "associated_person", f"{path}.associated_person_id", each.associated_person_id)
        if person["employee_id"] != body.employee_id:
            yield f"{path}.associated_person_id", "not a person of this employee"
        if each.associated_person_id in [other.associated_person_id for other in persons[:nth]]:
            yield f"{path}.associated_person_id", "given twice"
        if each.start_date and each.end_date and each.end_date < each.start_date:
            yield f"{path}.end_date", "must not be before the start"


def _wrong_dates(body: schemas.CreatePolicyImportIntentRequest) -> Iterator[tuple[str, str]]:
    if body.policy_start_date <= OLDEST:
        yield "policy_start_date", f"must be after {OLDEST}"
    if body.policy_end_date is not None and body.policy_end_date < body.policy_start_date:
        yield "policy_end_date", "must not be before the start"


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = {"employee_id": query.employee_id, "group_id": query.group_id, "status": chosen(query.status)}
    return listed(call, walk(call.space, "policy_import_intents", **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, KIND, f"{KIND}_id"))


def operations() -> Iterator[Operation]:
    """The operations on policy import intents."""
    base, answer = "/policy_import_intents", shown("imports", "PolicyImportIntentResponse")
    body, listing = schemas.CreatePolicyImportIntentRequest, {"query": schemas.ImportsPage, "answer": paged(answer)}
    yield row(f"create_{KIND}", f"POST {base}", _create, "Create a policy import intent", body=body, answer=answer)
    yield row(f"list_{KIND}s", f"GET {base}", _list, "List policy import intents", **listing)
    yield row(f"get_{KIND}", f"GET {base}/{{{KIND}_id}}", _retrieve, "Get a policy import intent", answer=answer)
