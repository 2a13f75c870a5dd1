"""What a group's path leads to: its employees, and the check of who may be covered in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.groups import schemas
from mockserver.providers.kota.groups.memberships import add_employee, membership, show_member
from mockserver.providers.kota.values.records import found, found_with_body, one, referred, refuse_fields
from mockserver.providers.kota.wire.lists import listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _of_employer(call: Call, group: Record, employee_id: str) -> Record:
    employee = referred(call, "employee", "employee_id", employee_id)
    if employee["employer_id"] != group["employer_id"]:
        refuse_fields([("employee_id", "not an employee of the group's employer")])
    return employee


def _add(call: Call) -> Reply:
    group, body = found_with_body(call, "group", "group_id")
    employee = _of_employer(call, group, body.employee_id)
    if group["status"] == "archived":
        raise Problem("invalid_state", "The group is archived")
    member = membership(call, group["id"], employee["id"])
    if member is not None and assume(call).second_membership == "refused":
        raise Problem("invalid_state", "The employee is in the group already")
    if member is None:
        member = add_employee(call, group, employee, body.model_dump(mode="json"))
    return one(call, show_member(call, member))


def _list(call: Call) -> Reply:
    group, query = found(call, "group", "group_id"), call.parameters
    assert isinstance(query, schemas.MembersPage)
    members = walk(call.space, "group_employees", group_id=group["id"], employee_id=query.employee_id)
    return listed(call, members, lambda member: show_member(call, member))


def _check(call: Call) -> Reply:
    group, body = found_with_body(call, "group", "group_id")
    employee = _of_employer(call, group, body.employee_id)
    policy = eligibility.covering(call, group["id"])
    if policy is None:
        raise Problem("invalid_state", "The group has no policy")
    status, reasons = eligibility.check(call, group, employee)
    return one(
        call,
        {
            "object": "eligibility_check",
            "eligibility_status": status,
            "reasons": reasons,
            **_covered_by(catalog.plan(call, policy["plan"]["id"])),
        },
    )


def _covered_by(plan: Record) -> dict[str, Any]:
    return {"provider": plan["provider"], "plan": {name: plan[name] for name in ("id", "name", "description")}}


def operations() -> Iterator[Operation]:
    """The operations on groups' employees."""
    several, answer = "/groups/{group_id}/employees", shown("groups", "GroupEmployeeResponse")
    listing, adding = "List a group's employees", "Add an employee to a group"
    body = schemas.AddEmployeeToGroupRequest
    yield row("list_group_employees", f"GET {several}", _list, listing, query=schemas.MembersPage, answer=paged(answer))
    yield row("add_group_employee", f"POST {several}", _add, adding, body=body, answer=answer)
    yield row(
        "check_group_eligibility",
        "POST /groups/{group_id}/eligibility_check",
        _check,
        "Check whether an employee can be covered in a group",
        body=schemas.CheckGroupEligibilityRequest,
        answer=shown("groups", "EligibilityCheckResponse"),
    )
