"""The calls that make, change, confirm and reject enrolment intents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.logic import plan as plan_of
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments import schemas
from mockserver.providers.kota.enrolments.logic import KIND, LIFECYCLE, create_enrolment, first_state, opened
from mockserver.providers.kota.enrolments.parts import due_by, plans_of, policies_of
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.requirements.schemas import RequirementsPage
from mockserver.providers.kota.values.records import (
    found,
    found_with_body,
    kept,
    need_insurer,
    nothing,
    one,
    referred,
    refuse_fields,
)
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

_ID = f"{KIND}_id"
_FIELD = "coverage_selections"


def _create(call: Call) -> Reply:
    body: schemas.CreateEnrolmentIntentRequest = call.body
    employee = referred(call, "employee", "employee_id", body.employee_id)
    group = referred(call, "group", "group_id", body.group_id)
    selections = coverage.as_kept(body.coverage_selections)
    refuse_enrolment(call, group, employee)
    if selections:
        refuse_fields(_wrong(call, group, selections))
    configuration = body.policy_configuration.model_dump() if body.policy_configuration else None
    record = create_enrolment(
        call,
        group,
        employee,
        force_confirmation=body.force_confirmation,
        configuration=configuration,
        selections=selections,
    )
    return one(call, record)


def refuse_enrolment(call: Call, group: Record, employee: Record) -> None:
    """Refuse what stands against an enrolment of an employee into a group from the start."""
    refuse_uninsurable(call, group, employee)
    if group["enrolment_type"] != "manual":
        raise Problem("invalid_state", "The group enrols its employees automatically.")
    both = {"group_id": group["id"], "employee_id": employee["id"]}
    taken = next(opened(call, **both), None) or next(policies.in_force(call, **both), None)
    if taken is not None and assume(call).second_enrolment == "refused":
        raise Problem("invalid_state", f"The employee has {taken['id']} in this group.")


def refuse_uninsurable(call: Call, group: Record, employee: Record) -> None:
    """Refuse to insure whoever is not in the group, or under a group without a policy."""
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived.")
    if next(walk(call.space, "group_employees", group_id=group["id"], employee_id=employee["id"]), None) is None:
        raise Problem("invalid_state", "The employee is not in the group.")
    if not policies_of(call, group["id"]):
        raise Problem("invalid_state", "The group has no policy.")


def _wrong(call: Call, group: Record, selections: Sequence[Record]) -> Iterator[coverage.Error]:
    # The plans of a bundle are selected from together.
    options = [each for plan in plans_of(call, group["id"]) for each in plan["coverage_options"] or ()]
    return coverage.errors({"coverage_options": options}, "policy", selections, _FIELD)


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    wanted = {"employee_id": query.employee_id, "group_id": query.group_id, "status": chosen(query.status)}
    return listed(call, walk(call.space, "enrolment_intents", **wanted))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, KIND, _ID))


def _update(call: Call) -> Reply:
    record, body = found_with_body(call, KIND, _ID)
    before, given = record["policy_configuration"], body.model_dump(exclude_unset=True)
    if assume(call).configuration_put == "replaced":
        before = dict.fromkeys(before)
    configuration = {**before, **{name: value for name, value in given.items() if value is not None}}
    employee = kept(call, "employee", record["employee_id"]) or record
    step = "postpone" if first_state(employee) == "scheduled" else "reconsider"
    return one(call, LIFECYCLE.take(call, record, step, policy_configuration=configuration))


def _requirements(call: Call) -> Reply:
    return requirements.list_of(call, found(call, KIND, _ID))


def _confirm(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    intent = dependents.newest(call, record["id"])
    open_list = intent is not None and intent["status"] in dependents.OPEN
    if open_list and assume(call).confirm_with_open_dependents == "refused":
        raise Problem("invalid_state", "The dependents are not confirmed yet.")
    if LIFECYCLE.allows(record, "confirm"):
        need_insurer(call)
    LIFECYCLE.take(call, record, "confirm")
    return nothing()


def _reject(call: Call) -> Reply:
    LIFECYCLE.take(call, found(call, KIND, _ID), "reject")
    return nothing()


def _select(call: Call) -> Reply:
    record, body = found_with_body(call, KIND, _ID)
    if LIFECYCLE.allows(record, "select"):
        selections = coverage.as_kept(body.coverage_selections) or []
        refuse_fields(_wrong(call, {"id": record["group_id"]}, selections))
        record = {**record, "_selections": selections, "_selected": True}
    LIFECYCLE.take(call, record, "select")
    return nothing()


def _list_dependents(call: Call) -> Reply:
    record = found(call, KIND, _ID)
    if record["status"] != "pending_confirmation":
        raise Problem("invalid_state", f"The enrolment intent is {record['status']}")
    if record["pending_confirmation"]["associated_persons"] is None:
        raise Problem("invalid_state", "The plan covers no dependents.")
    intent = dependents.newest(call, record["id"])
    if intent is not None and intent["status"] != "not_undertaken":
        raise Problem("invalid_state", f"There is a dependents management intent already: {intent['id']}")
    employee = kept(call, "employee", record["employee_id"]) or record
    plan = plan_of(call, record["policy_enrolments"][0]["plan"]["id"])
    return one(call, dependents.create_intent(call, record, employee, plan, due_by(call, record), []))


def operations() -> Iterator[Operation]:
    """The operations on enrolment intents."""
    base, answer = "/enrolment_intents", shown("enrolments", "EnrolmentIntentResponse")
    single, bodies = f"{base}/{{{_ID}}}", schemas
    asked, page = paged(shown("enrolments", "EnrolmentIntentRequirementResponse")), RequirementsPage
    listing = {"query": schemas.EnrolmentsPage, "answer": paged(answer)}
    create, selections = bodies.CreateEnrolmentIntentRequest, bodies.SubmitCoverageSelectionsRequest
    dates = bodies.PolicyConfigurationRequest
    dependents_answer = shown("dependents", "DependentsManagementIntentResponse")
    new_list, select = f"POST {single}/create_dependents_management_intent", f"POST {single}/coverage-selections"
    yield row(f"create_{KIND}", f"POST {base}", _create, "Create an enrolment intent", body=create, answer=answer)
    yield row(f"list_{KIND}s", f"GET {base}", _list, "List enrolment intents", **listing)
    yield row(f"update_{KIND}", f"PUT {single}", _update, "Update an enrolment intent", body=dates, answer=answer)
    yield row(f"get_{KIND}", f"GET {single}", _retrieve, "Get an enrolment intent", answer=answer)
    requirements_path, list_asked = f"GET {single}/requirements", f"list_{KIND}_requirements"
    yield row(list_asked, requirements_path, _requirements, "List its requirements", query=page, answer=asked)
    yield row(f"confirm_{KIND}", f"POST {single}/confirm", _confirm, "Confirm an enrolment intent", status=204)
    yield row(f"reject_{KIND}", f"POST {single}/reject", _reject, "Reject an enrolment intent", status=204)
    yield row("submit_coverage_selections", select, _select, "Submit coverage selections", body=selections, status=204)
    yield row(
        f"create_dependents_of_{KIND}", new_list, _list_dependents, "Begin to list dependents", answer=dependents_answer
    )
