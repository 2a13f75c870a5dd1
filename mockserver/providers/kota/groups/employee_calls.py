"""Operations that list and add the employees of a group, and check whether the group's plan covers an employee."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.groups import schemas
from mockserver.providers.kota.groups.memberships import add_employee, find_membership, render_membership
from mockserver.providers.kota.values.records import (
    get_or_404,
    get_or_404_with_body,
    get_referenced,
    refuse_fields,
    render_one,
)
from mockserver.providers.kota.wire.lists import iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _get_employee(call: Call, group: Record, employee_id: str) -> Record:
    employee = get_referenced(call, "employee", "employee_id", employee_id)
    if employee["employer_id"] != group["employer_id"]:
        refuse_fields([("employee_id", "not an employee of the group's employer")])
    return employee


def _add(call: Call) -> Reply:
    group, body = get_or_404_with_body(call, "group", "group_id")
    employee = _get_employee(call, group, body.employee_id)
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived")
    membership = find_membership(call, group["id"], employee["id"])
    if membership is not None and assumptions_of(call).second_membership == "refused":
        raise Problem("invalid_state", "The employee is in the group already")
    if membership is None:
        membership = add_employee(call, group, employee, body.model_dump(mode="json"))
    return render_one(call, render_membership(call, membership))


def _list(call: Call) -> Reply:
    group, query = get_or_404(call, "group", "group_id"), call.query_parameters
    assert isinstance(query, schemas.GroupEmployeesQuery)
    memberships = iter_records(call.space, "group_employees", group_id=group["id"], employee_id=query.employee_id)
    return render_list(call, memberships, lambda membership: render_membership(call, membership))


def _check(call: Call) -> Reply:
    group, body = get_or_404_with_body(call, "group", "group_id")
    employee = _get_employee(call, group, body.employee_id)
    policy = eligibility.find_covering_policy(call, group["id"])
    if policy is None:
        raise Problem("invalid_state", "The group has no policy")
    status, reasons = eligibility.check_eligibility(call, group, employee)
    return render_one(
        call,
        {
            "object": "eligibility_check",
            "eligibility_status": status,
            "reasons": reasons,
            **_render_plan(catalog.get_plan(call, policy["plan"]["id"])),
        },
    )


def _render_plan(plan: Record) -> dict[str, Any]:
    return {"provider": plan["provider"], "plan": {name: plan[name] for name in ("id", "name", "description")}}


def operations() -> Iterator[Operation]:
    path, model = "/groups/{group_id}/employees", response_model("groups", "GroupEmployeeResponse")
    body = schemas.AddEmployeeToGroupRequest
    yield define_operation(
        "list_group_employees",
        f"GET {path}",
        _list,
        "List a group's employees",
        query=schemas.GroupEmployeesQuery,
        response=paged_response_model(model),
    )
    yield define_operation(
        "add_group_employee", f"POST {path}", _add, "Add an employee to a group", body=body, response=model
    )
    yield define_operation(
        "check_group_eligibility",
        "POST /groups/{group_id}/eligibility_check",
        _check,
        "Check whether an employee can be covered in a group",
        body=schemas.CheckGroupEligibilityRequest,
        response=response_model("groups", "EligibilityCheckResponse"),
    )
