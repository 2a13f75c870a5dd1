"""Offboards employees, now or on a later day, and ends all benefits of an employer that is offboarded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply, WriteContext, format_instant, parse_instant
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employees import schemas
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.policy_intents import logic as policy_intents
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.values.records import (
    add_days,
    format_date_time,
    get_or_404,
    get_or_404_with_body,
    refuse_fields,
    render_one,
    today,
)
from mockserver.providers.kota.wire.lists import iter_records
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import response_model

_ABANDON_STEPS = ((policy_intents.LIFECYCLE, ("expire",)), (quotes.LIFECYCLE, ("refuse", "reject")))
"""The lifecycles of a group's intents, and the steps that end them; the first possible step is taken.

A quote intent in action_required allows none of its steps and stays as it is.
"""
MAX_DAYS_AGO = 30
"""The most days that an offboarding can be in the past if the employee has active policies."""


def offboard_now(at: WriteContext, employee: Record, offboard_on: str, **internal_fields: Any) -> Record:
    """Offboards an employee now; ``offboard_on`` is a date and time that is not in the future."""
    return employees.LIFECYCLE.apply(at, employee, "offboard", offboard_on=offboard_on, **internal_fields)


def end_employer_benefits(at: WriteContext, employer: Record) -> None:
    """Offboards the employees of an employer, and ends its intents, group policies and groups."""
    now = format_date_time(at, at.now)
    for employee in list(iter_records(at.space, "employees", employer_id=employer["id"])):
        if employees.LIFECYCLE.find_transition(employee, "offboard"):
            offboard_now(at, employee, now)
    for group in list(iter_records(at.space, "groups", employer_id=employer["id"])):
        _end_group(at, group)


def _end_group(at: WriteContext, group: Record) -> None:
    for lifecycle, steps in _ABANDON_STEPS:
        for intent in list(iter_records(at.space, lifecycle.collection, group_id=group["id"])):
            step = next((each for each in steps if lifecycle.find_transition(intent, each)), None)
            if step is not None:
                lifecycle.apply(at, intent, step)
    for policy in group_policies.list_in_force(at, group["id"]):
        group_policies.cancel(at, policy, today(at))
    groups.archive(at, at.space.get("groups", group["id"]) or group)


def _offboard(call: Call) -> Reply:
    record, body = get_or_404_with_body(call, "employee", "employee_id")
    instant = parse_instant(body.offboard_on)
    day, changes = format_instant(instant)[:10], {"_offboard_reason": body.offboard_reason}
    if record["status"] == "offboarding" and assumptions_of(call).second_offboarding == "refused":
        raise Problem("invalid_state", "The employee is offboarding")
    if day > today(call):
        changes["offboard_on"] = format_date_time(call, instant)
        return render_one(call, employees.LIFECYCLE.apply(call, record, "schedule_offboarding", **changes))
    if day < add_days(today(call), -MAX_DAYS_AGO) and _has_active_policy(call, record):
        refuse_fields([("offboard_on", f"may be at most {MAX_DAYS_AGO} days ago while there are active policies")])
    return render_one(call, offboard_now(call, record, format_date_time(call, instant), **changes))


def _has_active_policy(call: Call, record: Record) -> bool:
    return any(iter_records(call.space, "policies", employee_id=record["id"], status="active"))


def _cancel(call: Call) -> Reply:
    record = get_or_404(call, "employee", "employee_id")
    return render_one(call, employees.LIFECYCLE.apply(call, record, f"resume_{record['_standing']}"))


def operations() -> Iterator[Operation]:
    path = "/employees/{employee_id}/offboard"
    body = schemas.OffboardEmployeeRequest
    model = response_model("employees", "EmployeeResponse")
    yield define_operation(
        "offboard_employee", f"POST {path}", _offboard, "Offboard an employee", body=body, response=model
    )
    yield define_operation(
        "cancel_employee_offboarding",
        f"POST {path}/cancel",
        _cancel,
        "Cancel an employee's offboarding",
        response=model,
    )
