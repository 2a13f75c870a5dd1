"""Adds employees to groups, moves and removes them. A membership is the record of one employee in one group."""

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
"""The simulation that a timer runs on the day of a scheduled move."""
_STATUS_BY_INTENT = {"enrolling": "enrolling", "not_undertaken": "opted_out", "ineligible": "not_available"}
"""The enrolment status by state of the newest enrolment intent; in its other states, policies determine the status."""


def membership_id(group_id: str, employee_id: str) -> str:
    return f"{group_id}:{employee_id}"


def find_membership(at: WriteContext, group_id: str, employee_id: str) -> Record | None:
    return at.space.get("group_employees", membership_id(group_id, employee_id))


def list_memberships(at: WriteContext, group_id: str) -> list[Record]:
    """Returns the memberships of a group, oldest first."""
    return list(iter_records(at.space, "group_employees", oldest_first=True, group_id=group_id))


def publish_membership_event(at: WriteContext, change: str, membership: Record) -> None:
    publish_event(
        at,
        f"group.employee.{change}",
        "group_employee",
        {name: membership[name] for name in ("group_id", "employee_id")},
    )


def add_employee(at: WriteContext, group: Record, employee: Record, fields: Mapping[str, Any]) -> Record:
    """Adds an employee to a group. A requested enrolment intent is created as soon as the group has a policy."""
    enrols = fields.get("create_enrolment_intents")
    membership = _put(at, group["id"], employee["id"], fields.get("policy_configuration") or {}, enrols)
    publish_membership_event(at, "added", membership)
    return reevaluate(at, membership)


def _put(at: WriteContext, group_id: str, employee_id: str, dates: Mapping[str, Any], enrols: bool | None) -> Record:
    record: dict[str, Any] = {
        "object": "group_employee",
        "id": membership_id(group_id, employee_id),
        "group_id": group_id,
        "employee_id": employee_id,
        **{name: dates.get(name) for name in DATES},
        "scheduled_group_transitions": [],
        "_enrols": assumptions_of(at).hosted if enrols is None else enrols,
        "_eligible": False,
    }
    at.space.put("group_employees", record)
    return record


def reevaluate(at: WriteContext, membership: Record) -> Record:
    """Publishes an event if the employee became eligible; begins a requested enrolment if the group has a policy."""
    group, employee = _group_and_employee(at, membership)
    if not membership["_eligible"] and eligibility.check_eligibility(at, group, employee)[0] == "eligible":
        membership = _update_membership(at, membership, _eligible=True)
        publish_membership_event(at, "eligible", membership)
    if (
        membership["_enrols"]
        and group["enrolment_type"] == "manual"
        and eligibility.find_covering_policy(at, group["id"])
    ):
        membership = _update_membership(at, membership, _enrols=False)
        _enrol(at, group, employee, membership)
    return membership


def _enrol(at: WriteContext, group: Record, employee: Record, membership: Record) -> None:
    enrolments.create_enrolment(at, group, employee, configuration={name: membership[name] for name in DATES})


def _group_and_employee(at: WriteContext, membership: Record) -> tuple[Record, Record]:
    group, employee = (
        find_record(at, "group", membership["group_id"]),
        find_record(at, "employee", membership["employee_id"]),
    )
    assert group is not None
    assert employee is not None
    return group, employee


def _update_membership(at: WriteContext, membership: Record, **changes: Any) -> Record:
    membership = {**membership, **changes}
    at.space.put("group_employees", membership)
    return membership


def review_group(at: WriteContext, group_id: str) -> None:
    """Reviews all memberships of a group whose policies have changed."""
    for membership in list_memberships(at, group_id):
        reevaluate(at, membership)


def review_employee(at: WriteContext, employee: Record) -> None:
    """Reviews all memberships of an employee who has changed."""
    for membership in list(iter_records(at.space, "group_employees", employee_id=employee["id"])):
        reevaluate(at, membership)


def enrol_automatically(at: WriteContext, employee: Record) -> None:
    """Adds a new employee to all groups of the employer that enrol employees automatically."""
    groups = iter_records(at.space, "groups", employer_id=employee["employer_id"], enrolment_type="automatic")
    for group in [each for each in groups if each["status"] != "archived"]:
        add_employee(at, group, employee, {})


def render_membership(at: WriteContext, membership: Record) -> dict[str, Any]:
    """Returns a membership for a response; its statuses follow from the policies and enrolment intents."""
    group, employee = _group_and_employee(at, membership)
    eligibility_status, _ = eligibility.check_eligibility(at, group, employee)
    filters = {"employee_id": employee["id"], "group_id": group["id"]}
    policies, intents = (
        list(iter_records(at.space, collection, **filters)) for collection in ("policies", "enrolment_intents")
    )
    return {
        **{name: value for name, value in membership.items() if name != "employee_id"},
        "id": employee["id"],
        "policies": [{"id": each["id"]} for each in policies],
        "enrolments": [{"id": each["id"]} for each in intents],
        "eligibility_status": eligibility_status,
        "enrolment_status": _enrolment_status(eligibility_status, policies, intents),
    }


def _enrolment_status(eligibility_status: str, policies: list[Record], intents: list[Record]) -> str:
    """Returns the enrolment status; ``intents`` must be sorted newest first."""
    statuses = {each["status"] for each in policies}
    if statuses & eligibility.IN_FORCE:
        return "enrolled"
    if intents and intents[0]["status"] in _STATUS_BY_INTENT:
        return _STATUS_BY_INTENT[intents[0]["status"]]
    if "cancelled" in statuses:
        return "cancelled"
    return "enrolment_available" if eligibility_status == "eligible" else "not_available"


def remove(at: WriteContext, membership: Record) -> None:
    at.space.drop("group_employees", membership["id"])
    group, _ = _group_and_employee(at, membership)
    ids = {
        "platform_id": platform_id(at),
        "employer_id": group["employer_id"],
        "removed_at": format_date_time(at, at.now),
    }
    ids |= {name: membership[name] for name in ("group_id", "employee_id")}
    publish_event(at, "group.employee.removed", "group_employee", ids)


def move(at: WriteContext, membership: Record, new_group_id: str) -> Record:
    """Moves an employee to another group; the membership keeps its requested dates."""
    at.space.drop("group_employees", membership["id"])
    moved = _put(at, new_group_id, membership["employee_id"], membership, membership["_enrols"])
    ids = {
        "previous_group_id": membership["group_id"],
        "new_group_id": new_group_id,
        "employee_id": membership["employee_id"],
    }
    publish_event(at, "group.employee.moved", "group_employee", ids)
    return reevaluate(at, moved)


def plan_move(at: WriteContext, membership: Record, new_group_id: str, day: str) -> Record:
    """Schedules the move of an employee to another group on a later day."""
    transition = {"new_group_id": new_group_id, "scheduled_date": day}
    membership = _update_membership(
        at, membership, scheduled_group_transitions=[*membership["scheduled_group_transitions"], transition]
    )
    ids = {"employee_id": membership["employee_id"], "current_group_id": membership["group_id"], **transition}
    publish_event(at, "group.employee.move.scheduled", "group_employee", ids)
    at.sandbox.schedule(at.space, start_of_day(day), FINISH_MOVE, {"member_id": membership["id"], **transition})
    return membership
