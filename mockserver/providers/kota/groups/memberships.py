"""Employees in groups: added, moved and removed; what they may do there follows from the group's policy and theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import find_record, format_date_time, platform_id, start_of_day
from mockserver.providers.kota.wire.lists import iter_records

DATES = ("desired_policy_start_date", "enrolment_date")
FINISH_MOVE = "finish_group_move"
"""The simulation that a move planned for a later day falls due as."""
_STATUS_BY_INTENT = {"enrolling": "enrolling", "not_undertaken": "opted_out", "ineligible": "not_available"}
"""The enrolment status that the latest enrolment intent decides; in its other states the cover does."""


def member_id(group_id: str, employee_id: str) -> str:
    """The id a membership is kept under."""
    return f"{group_id}:{employee_id}"


def membership(at: WriteContext, group_id: str, employee_id: str) -> Record | None:
    """The membership of an employee in a group, or None."""
    return at.space.get("group_employees", member_id(group_id, employee_id))


def members_of(at: WriteContext, group_id: str) -> list[Record]:
    """The memberships of a group, the oldest first."""
    return list(iter_records(at.space, "group_employees", oldest_first=True, group_id=group_id))


def publish_member_event(at: WriteContext, what: str, member: Record) -> None:
    """Keep an event about an employee in a group."""
    publish_event(
        at, f"group.employee.{what}", "group_employee", {name: member[name] for name in ("group_id", "employee_id")}
    )


def add_employee(at: WriteContext, group: Record, employee: Record, fields: Mapping[str, Any]) -> Record:
    """Put an employee into a group; where the group has a policy an enrolment intent may be made as well."""
    wanted = fields.get("create_enrolment_intents")
    member = _put(at, group["id"], employee["id"], fields.get("policy_configuration") or {}, wanted)
    publish_member_event(at, "added", member)
    return review(at, member)


def _put(at: WriteContext, group_id: str, employee_id: str, dates: Mapping[str, Any], enrols: bool | None) -> Record:
    record: dict[str, Any] = {
        "object": "group_employee",
        "id": member_id(group_id, employee_id),
        "group_id": group_id,
        "employee_id": employee_id,
        **{name: dates.get(name) for name in DATES},
        "scheduled_group_transitions": [],
        "_enrols": assumptions_of(at).hosted if enrols is None else enrols,
        "_eligible": False,
    }
    at.space.put("group_employees", record)
    return record


def review(at: WriteContext, member: Record) -> Record:
    """See whether an employee has become eligible in a group, and whether the enrolment asked for can begin."""
    group, employee = _group_and_employee(at, member)
    if not member["_eligible"] and eligibility.check_eligibility(at, group, employee)[0] == "eligible":
        member = _update_member(at, member, _eligible=True)
        publish_member_event(at, "eligible", member)
    if member["_enrols"] and group["enrolment_type"] == "manual" and eligibility.covering_policy(at, group["id"]):
        member = _update_member(at, member, _enrols=False)
        _enrol(at, group, employee, member)
    return member


def _enrol(at: WriteContext, group: Record, employee: Record, member: Record) -> None:
    enrolments.create_enrolment(at, group, employee, configuration={name: member[name] for name in DATES})


def _group_and_employee(at: WriteContext, member: Record) -> tuple[Record, Record]:
    group, employee = find_record(at, "group", member["group_id"]), find_record(at, "employee", member["employee_id"])
    assert group is not None
    assert employee is not None
    return group, employee


def _update_member(at: WriteContext, member: Record, **changes: Any) -> Record:
    member = {**member, **changes}
    at.space.put("group_employees", member)
    return member


def review_group(at: WriteContext, group_id: str) -> None:
    """See what a change of a group's policy means for everybody in it."""
    for member in members_of(at, group_id):
        review(at, member)


def review_employee(at: WriteContext, employee: Record) -> None:
    """See what a change of an employee means in the groups it is in."""
    for member in list(iter_records(at.space, "group_employees", employee_id=employee["id"])):
        review(at, member)


def enrol_automatically(at: WriteContext, employee: Record) -> None:
    """Put a new employee into the groups of its employer that take everybody."""
    groups = iter_records(at.space, "groups", employer_id=employee["employer_id"], enrolment_type="automatic")
    for group in [each for each in groups if each["status"] != "archived"]:
        add_employee(at, group, employee, {})


def show_member(at: WriteContext, member: Record) -> dict[str, Any]:
    """A membership as its API shows it, with what follows from the employee's policies and enrolments."""
    group, employee = _group_and_employee(at, member)
    standing, _ = eligibility.check_eligibility(at, group, employee)
    here = {"employee_id": employee["id"], "group_id": group["id"]}
    policies, intents = (list(iter_records(at.space, what, **here)) for what in ("policies", "enrolment_intents"))
    return {
        **{name: value for name, value in member.items() if name != "employee_id"},
        "id": employee["id"],
        "policies": [{"id": each["id"]} for each in policies],
        "enrolments": [{"id": each["id"]} for each in intents],
        "eligibility_status": standing,
        "enrolment_status": _enrolment_status(standing, policies, intents),
    }


def _enrolment_status(standing: str, policies: list[Record], intents: list[Record]) -> str:
    """Of the policies and enrolment intents, each newest first."""
    statuses = {each["status"] for each in policies}
    if statuses & eligibility.IN_FORCE:
        return "enrolled"
    if intents and intents[0]["status"] in _STATUS_BY_INTENT:
        return _STATUS_BY_INTENT[intents[0]["status"]]
    if "cancelled" in statuses:
        return "cancelled"
    return "enrolment_available" if standing == "eligible" else "not_available"


def remove(at: WriteContext, member: Record) -> None:
    """Take an employee out of a group."""
    at.space.drop("group_employees", member["id"])
    group, _ = _group_and_employee(at, member)
    ids = {
        "platform_id": platform_id(at),
        "employer_id": group["employer_id"],
        "removed_at": format_date_time(at, at.now),
    }
    here = {name: member[name] for name in ("group_id", "employee_id")}
    publish_event(at, "group.employee.removed", "group_employee", {**ids, **here})


def move(at: WriteContext, member: Record, new_group_id: str) -> Record:
    """Take an employee from a group into another, with its dates."""
    at.space.drop("group_employees", member["id"])
    moved = _put(at, new_group_id, member["employee_id"], member, member["_enrols"])
    ids = {"previous_group_id": member["group_id"], "new_group_id": new_group_id, "employee_id": member["employee_id"]}
    publish_event(at, "group.employee.moved", "group_employee", ids)
    return review(at, moved)


def plan_move(at: WriteContext, member: Record, new_group_id: str, day: str) -> Record:
    """Have an employee moved into another group on a day to come."""
    transition = {"new_group_id": new_group_id, "scheduled_date": day}
    member = _update_member(
        at, member, scheduled_group_transitions=[*member["scheduled_group_transitions"], transition]
    )
    ids = {"employee_id": member["employee_id"], "current_group_id": member["group_id"], **transition}
    publish_event(at, "group.employee.move.scheduled", "group_employee", ids)
    at.sandbox.schedule(at.space, start_of_day(day), FINISH_MOVE, {"member_id": member["id"], **transition})
    return member
