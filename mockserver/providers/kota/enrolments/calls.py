"""Operations on enrolment intents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments import schemas
from mockserver.providers.kota.enrolments.logic import (
    KIND,
    LIFECYCLE,
    create_enrolment,
    initial_state,
    iter_open_enrolments,
)
from mockserver.providers.kota.enrolments.state_details import find_group_policies, find_plans, format_due_by
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.requirements.schemas import RequirementsPage
from mockserver.providers.kota.values.records import (
    find_record,
    get_or_404,
    get_or_404_with_body,
    get_referenced,
    no_content,
    refuse_fields,
    render_one,
    require_insurer,
)
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

_ID = f"{KIND}_id"
_FIELD = "coverage_selections"


def _create(call: Call) -> Reply:
    body: schemas.CreateEnrolmentIntentRequest = call.body
    employee = get_referenced(call, "employee", "employee_id", body.employee_id)
    group = get_referenced(call, "group", "group_id", body.group_id)
    selections = coverage.dump_selections(body.coverage_selections)
    refuse_enrolment(call, group, employee)
    if selections:
        refuse_fields(_selection_errors(call, group, selections))
    configuration = body.policy_configuration.model_dump() if body.policy_configuration else None
    record = create_enrolment(
        call,
        group,
        employee,
        force_confirmation=body.force_confirmation,
        configuration=configuration,
        selections=selections,
    )
    return render_one(call, record)


def refuse_enrolment(call: Call, group: Record, employee: Record) -> None:
    """Refuses an employee who cannot be insured or is already enrolled, and a group that enrols automatically."""
    refuse_uninsurable(call, group, employee)
    if group["enrolment_type"] != "manual":
        raise Problem("invalid_state", "The group enrols its employees automatically.")
    filters = {"group_id": group["id"], "employee_id": employee["id"]}
    existing = next(iter_open_enrolments(call, **filters), None) or next(policies.iter_in_force(call, **filters), None)
    if existing is not None and assumptions_of(call).second_enrolment == "refused":
        raise Problem("invalid_state", f"The employee has {existing['id']} in this group.")


def refuse_uninsurable(call: Call, group: Record, employee: Record) -> None:
    """Refuses an employee who is not in the group, and a group that is archived or has no policy."""
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived.")
    if (
        next(iter_records(call.space, "group_employees", group_id=group["id"], employee_id=employee["id"]), None)
        is None
    ):
        raise Problem("invalid_state", "The employee is not in the group.")
    if not find_group_policies(call, group["id"]):
        raise Problem("invalid_state", "The group has no policy.")


def _selection_errors(call: Call, group: Record, selections: Sequence[Record]) -> Iterator[coverage.Error]:
    # A request selects options of all plans of the group, so they are checked together.
    options = [each for plan in find_plans(call, group["id"]) for each in plan["coverage_options"] or ()]
    return coverage.selection_errors({"coverage_options": options}, "policy", selections, _FIELD)


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    filters = {"employee_id": query.employee_id, "group_id": query.group_id, "status": filter_values(query.status)}
    return render_list(call, iter_records(call.space, "enrolment_intents", **filters))


def _retrieve(call: Call) -> Reply:
    return render_one(call, get_or_404(call, KIND, _ID))


def _update(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, KIND, _ID)
    before, given = record["policy_configuration"], body.model_dump(exclude_unset=True)
    if assumptions_of(call).configuration_put == "replaced":
        before = dict.fromkeys(before)
    configuration = {**before, **{name: value for name, value in given.items() if value is not None}}
    employee = find_record(call, "employee", record["employee_id"]) or record
    step = "postpone" if initial_state(employee) == "scheduled" else "reconsider"
    return render_one(call, LIFECYCLE.apply(call, record, step, policy_configuration=configuration))


def _requirements(call: Call) -> Reply:
    return requirements.render_requirements(call, get_or_404(call, KIND, _ID))


def _confirm(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    intent = dependents.find_latest_intent(call, record["id"])
    has_open_list = intent is not None and intent["status"] in dependents.OPEN_STATES
    if has_open_list and assumptions_of(call).confirm_with_open_dependents == "refused":
        raise Problem("invalid_state", "The dependents are not confirmed yet.")
    if LIFECYCLE.find_transition(record, "confirm"):
        require_insurer(call)
    LIFECYCLE.apply(call, record, "confirm")
    return no_content()


def _reject(call: Call) -> Reply:
    LIFECYCLE.apply(call, get_or_404(call, KIND, _ID), "reject")
    return no_content()


def _select(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, KIND, _ID)
    if LIFECYCLE.find_transition(record, "select"):
        selections = coverage.dump_selections(body.coverage_selections) or []
        refuse_fields(_selection_errors(call, {"id": record["group_id"]}, selections))
        record = {**record, "_selections": selections, "_selected": True}
    LIFECYCLE.apply(call, record, "select")
    return no_content()


def _create_dependents_intent(call: Call) -> Reply:
    record = get_or_404(call, KIND, _ID)
    if record["status"] != "pending_confirmation":
        raise Problem("invalid_state", f"The enrolment intent is {record['status']}")
    if record["pending_confirmation"]["associated_persons"] is None:
        raise Problem("invalid_state", "The plan covers no dependents.")
    intent = dependents.find_latest_intent(call, record["id"])
    if intent is not None and intent["status"] != "not_undertaken":
        raise Problem("invalid_state", f"There is a dependents management intent already: {intent['id']}")
    employee = find_record(call, "employee", record["employee_id"]) or record
    plan = get_plan(call, record["policy_enrolments"][0]["plan"]["id"])
    return render_one(call, dependents.create_intent(call, record, employee, plan, format_due_by(call, record), []))


def operations() -> Iterator[Operation]:
    path, model = "/enrolment_intents", response_model("enrolments", "EnrolmentIntentResponse")
    item_path, create = f"{path}/{{{_ID}}}", {"body": schemas.CreateEnrolmentIntentRequest, "response": model}
    update = {"body": schemas.PolicyConfigurationRequest, "response": model}
    listing = {"query": schemas.EnrolmentsQuery, "response": paged_response_model(model)}
    yield define_operation(f"create_{KIND}", f"POST {path}", _create, "Create an enrolment intent", **create)
    yield define_operation(f"list_{KIND}s", f"GET {path}", _list, "List enrolment intents", **listing)
    yield define_operation(f"update_{KIND}", f"PUT {item_path}", _update, "Update an enrolment intent", **update)
    yield define_operation(f"get_{KIND}", f"GET {item_path}", _retrieve, "Get an enrolment intent", response=model)
    yield from _step_operations(item_path)


def _step_operations(item_path: str) -> Iterator[Operation]:
    requirement = response_model("enrolments", "EnrolmentIntentRequirementResponse")
    requirements_page = {"query": RequirementsPage, "response": paged_response_model(requirement)}
    list_name, list_summary = f"list_{KIND}_requirements", "List the requirements of an enrolment intent"
    select, selections = f"POST {item_path}/coverage-selections", schemas.SubmitCoverageSelectionsRequest
    yield define_operation(list_name, f"GET {item_path}/requirements", _requirements, list_summary, **requirements_page)
    yield define_operation(
        f"confirm_{KIND}", f"POST {item_path}/confirm", _confirm, "Confirm an enrolment intent", status=204
    )
    yield define_operation(
        f"reject_{KIND}", f"POST {item_path}/reject", _reject, "Reject an enrolment intent", status=204
    )
    yield define_operation(
        "submit_coverage_selections", select, _select, "Submit coverage selections", body=selections, status=204
    )
    yield define_operation(
        f"create_dependents_of_{KIND}",
        f"POST {item_path}/create_dependents_management_intent",
        _create_dependents_intent,
        "Create a dependents management intent of an enrolment",
        response=response_model("dependents", "DependentsManagementIntentResponse"),
    )
