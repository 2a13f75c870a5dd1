"""Offboarding: an employee leaves now or on a day, an employer with everybody and everything it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import At, Call, Operation, Problem, Record, Reply, iso, parse_instant
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employees import schemas
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.policy_intents import logic as policy_intents
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.values.records import found, found_with_body, later, one, refuse_fields, today, written
from mockserver.providers.kota.wire.lists import walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import shown

_GIVEN_UP = ((policy_intents.LIFECYCLE, ("expire",)), (quotes.LIFECYCLE, ("refuse", "reject")))
"""The steps that end what a group has asked insurers for; a quote that waits for answers leads to nothing anyway."""
LONGEST = 30
"""So many days ago an employee who has active policies can have left."""


def end_employee(at: At, employee: Record, offboard_on: str, **kept_beside: Any) -> Record:
    """Let an employee go now, as of a date and time that is not ahead."""
    return employees.LIFECYCLE.take(at, employee, "offboard", offboard_on=offboard_on, **kept_beside)


def end_employer(at: At, employer: Record) -> None:
    """End what an employer has that is being offboarded: its people, its policies, its groups."""
    now = written(at, at.now)
    for employee in list(walk(at.space, "employees", employer_id=employer["id"])):
        if employees.LIFECYCLE.allows(employee, "offboard"):
            end_employee(at, employee, now)
    for group in list(walk(at.space, "groups", employer_id=employer["id"])):
        _end_group(at, group)


def _end_group(at: At, group: Record) -> None:
    for lifecycle, steps in _GIVEN_UP:
        for intent in list(walk(at.space, lifecycle.collection, group_id=group["id"])):
            step = next((each for each in steps if lifecycle.allows(intent, each)), None)
            if step is not None:
                lifecycle.take(at, intent, step)
    for policy in group_policies.in_force(at, group["id"]):
        group_policies.cancel(at, policy, today(at))
    groups.archive(at, at.space.get("groups", group["id"]) or group)


def _offboard(call: Call) -> Reply:
    record, body = found_with_body(call, "employee", "employee_id")
    instant = parse_instant(body.offboard_on)
    day, changes = iso(instant)[:10], {"_offboard_reason": body.offboard_reason}
    if record["status"] == "offboarding" and assume(call).second_offboarding == "refused":
        raise Problem("invalid_state", "The employee is offboarding")
    if day > today(call):
        changes["offboard_on"] = written(call, instant)
        return one(call, employees.LIFECYCLE.take(call, record, "schedule_offboarding", **changes))
    if day < later(today(call), -LONGEST) and _is_covered(call, record):
        refuse_fields([("offboard_on", f"may be at most {LONGEST} days ago while there are active policies")])
    return one(call, end_employee(call, record, written(call, instant), **changes))


def _is_covered(call: Call, record: Record) -> bool:
    return any(walk(call.space, "policies", employee_id=record["id"], status="active"))


def _cancel(call: Call) -> Reply:
    record = found(call, "employee", "employee_id")
    return one(call, employees.LIFECYCLE.take(call, record, f"resume_{record['_standing']}"))


def operations() -> Iterator[Operation]:
    """The operations that offboard employees."""
    path = "/employees/{employee_id}/offboard"
    body = schemas.OffboardEmployeeRequest
    answer = shown("employees", "EmployeeResponse")
    yield row("offboard_employee", f"POST {path}", _offboard, "Offboard an employee", body=body, answer=answer)
    yield row(
        "cancel_employee_offboarding", f"POST {path}/cancel", _cancel, "Cancel an employee's offboarding", answer=answer
    )
