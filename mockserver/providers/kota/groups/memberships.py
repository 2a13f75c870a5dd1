"""Memberships of employees in groups: adding, moving, removing, eligibility and enrolment status."""

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
"""The simulation that a timer runs on the day of a planned move."""
_STATUS_BY_INTENT = {"enrolling": "enrolling", "not_undertaken": "opted_out", "ineligible": "not_available"}
"""By status of the newest enrolment intent; in its other states the policies determine the status."""


def member_id(group_id: str, employee_id: str) -> str:
    return f"{group_id}:{employee_id}"


def membership(at: WriteContext, group_id: str, employee_id: str) -> Record | None:
    return at.space.get("group_employees", member_id(group_id, employee_id))


def members_of(at: WriteContext, group_id: str) -> list[Record]:
    """Returns the memberships of a group, oldest first."""
    return list(iter_records(at.space, "group_employees", oldest_first=True, group_id=group_id))


def publish_member_event(at: WriteContext, what: str, member: Record) -> None:
    publish_event(
        at, f"group.employee.{what}", "group_employee", {name: member[name] for name in ("group_id", "employee_id")}
    )


def add_employee(at: WriteContext, group: Record, employee: Record, fields: Mapping[str, Any]) -> Record:
    """Adds an employee to a group; creates an enrolment intent if requested, once the group has a policy."""
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
    """Publishes an event if an employee became eligible, and begins a requested enrolment if the group has a policy."""
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
    """Reviews all members of a group after a change of its policy."""
    for member in members_of(at, group_id):
        review(at, member)


def review_employee(at: WriteContext, employee: Record) -> None:
    """Reviews all memberships of an employee after a change of the employee."""
    for member in list(iter_records(at.space, "group_employees", employee_id=employee["id"])):
        review(at, member)


def enrol_automatically(at: WriteContext, employee: Record) -> None:
    """Adds a new employee to the employer's groups with automatic enrolment."""
    groups = iter_records(at.space, "groups", employer_id=employee["employer_id"], enrolment_type="automatic")
    for group in [each for each in groups if each["status"] != "archived"]:
        add_employee(at, group, employee, {})


def render_member(at: WriteContext, member: Record) -> dict[str, Any]:
    """Returns a membership as responses show it, with the statuses that follow from policies and enrolments."""
    group, employee = _group_and_employee(at, member)
    eligibility_status, _ = eligibility.check_eligibility(at, group, employee)
    both = {"employee_id": employee["id"], "group_id": group["id"]}
    policies, intents = (list(iter_records(at.space, what, **both)) for what in ("policies", "enrolment_intents"))
    return {
        **{name: value for name, value in member.items() if name != "employee_id"},
        "id": employee["id"],
        "policies": [{"id": each["id"]} for each in policies],
        "enrolments": [{"id": each["id"]} for each in intents],
        "eligibility_status": eligibility_status,
        "enrolment_status": _enrolment_status(eligibility_status, policies, intents),
    }


def _enrolment_status(eligibility_status: str, policies: list[Record], intents: list[Record]) -> str:
    """Expects policies and enrolment intents newest first."""
    statuses = {each["status"] for each in policies}
    if statuses & eligibility.IN_FORCE:
        return "enrolled"
    if intents and intents[0]["status"] in _STATUS_BY_INTENT:
        return _STATUS_BY_INTENT[intents[0]["status"]]
    if "cancelled" in statuses:
        return "cancelled"
    return "enrolment_available" if eligibility_status == "eligible" else "not_available"


def remove(at: WriteContext, member: Record) -> None:
    at.space.drop("group_employees", member["id"])
    group, _ = _group_and_employee(at, member)
    ids = {
        "platform_id": platform_id(at),
        "employer_id": group["employer_id"],
        "removed_at": format_date_time(at, at.now),
    }
    both = {name: member[name] for name in ("group_id", "employee_id")}
    publish_event(at, "group.employee.removed", "group_employee", {**ids, **both})


def move(at: WriteContext, member: Record, new_group_id: str) -> Record:
    """Moves an employee to another group; the requested dates are kept."""
    at.space.drop("group_employees", member["id"])
    moved = _put(at, new_group_id, member["employee_id"], member, member["_enrols"])
    ids = {"previous_group_id": member["group_id"], "new_group_id": new_group_id, "employee_id": member["employee_id"]}
    publish_event(at, "group.employee.moved", "group_employee", ids)
    return review(at, moved)


def plan_move(at: WriteContext, member: Record, new_group_id: str, day: str) -> Record:
    """Schedules the move of an employee to another group on a later day."""
    transition = {"new_group_id": new_group_id, "scheduled_date": day}
    member = _update_member(
        at, member, scheduled_group_transitions=[*member["scheduled_group_transitions"], transition]
    )
    ids = {"employee_id": member["employee_id"], "current_group_id": member["group_id"], **transition}
    publish_event(at, "group.employee.move.scheduled", "group_employee", ids)
    at.sandbox.schedule(at.space, start_of_day(day), FINISH_MOVE, {"member_id": member["id"], **transition})
    return member
