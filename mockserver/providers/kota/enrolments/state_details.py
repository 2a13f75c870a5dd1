"""Renders the members of an enrolment intent that depend on its state, and checks what the intent still needs."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage, eligibility, premiums
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.policies.logic import IN_FORCE, supports_dependents
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import end_of_day, find_record, format_date_time, today
from mockserver.providers.kota.wire.lists import iter_records

_DEPENDENTS_STATUS = {"action_required": "processing", "processing": "processing", "completed": "confirmed"}
"""The status of the dependents by state of their intent; in the intent's other states there are no dependents."""
_REASON_CODES = (
    "employee_restricted",
    "employee_under_minimum_age",
    "employee_above_maximum_age",
    "employee_not_active",
    "employment_not_started",
)
"""The reasons that an enrolment intent can have; every other reason becomes ``unknown``."""


def find_group_policies(at: WriteContext, group_id: str) -> list[Record]:
    """Returns the group policies in force, one per plan, sorted by start date.

    If several policies have the same plan, an active policy takes precedence over a scheduled policy.
    """
    in_force = iter_records(at.space, "group_policies", oldest_first=True, group_id=group_id, status=IN_FORCE)
    by_plan: dict[str, Record] = {}
    for each in sorted(in_force, key=lambda policy: policy["status"] != "active"):
        by_plan.setdefault(each["plan"]["id"], each)
    return sorted(by_plan.values(), key=lambda policy: policy["start_date"])


def find_plans(at: WriteContext, group_id: str) -> list[Record]:
    """Returns the plans of the group policies in force, in the order of the policies."""
    return [get_plan(at, each["plan"]["id"]) for each in find_group_policies(at, group_id)]


def render_planned_enrolments(at: WriteContext, record: Record) -> list[dict[str, Any]]:
    """Returns the policies in which the employee would be enrolled now: one item per group policy."""
    return [_render_planned_enrolment(at, record, each) for each in find_group_policies(at, record["group_id"])]


def _render_planned_enrolment(at: WriteContext, record: Record, group_policy: Record) -> dict[str, Any]:
    plan = get_plan(at, group_policy["plan"]["id"])
    known = {each["id"] for each in coverage.configurations_of_scope(plan, "policy")}
    selections = [each for each in record["_selections"] or () if each["configuration_id"] in known]
    return {
        "type": group_policy["type"],
        "estimated_effective_from": _effective_from(at, record, group_policy),
        "provider": group_policy["provider"],
        "plan": group_policy["plan"],
        "health_insurance": {
            "configuration": group_policy["health_insurance"]["configuration"],
            "coverage_options": coverage.render_configurations(plan, "policy"),
            "coverage_selections": selections or None,
        },
        "id": None,
        "_group_policy_id": group_policy["id"],
    }


def _effective_from(at: WriteContext, record: Record, group_policy: Record) -> str:
    """Returns the requested day, or today.

    The day is not before employment, benefits and group policy begin, and not after the group policy ends.
    """
    employee, requested = find_record(at, "employee", record["employee_id"]) or {}, record["policy_configuration"]
    day = requested["desired_policy_start_date"] or requested["enrolment_date"] or today(at)
    earliest = [group_policy["start_date"], employee.get("start_on"), employee.get("earliest_benefits_start_date")]
    day = max(day, *(each for each in earliest if each))
    return str(min(day, group_policy["end_date"] or day))


def format_due_by(at: WriteContext, record: Record) -> str:
    """Returns the deadline of an enrolment that waits for the client: the last second of its due day."""
    return format_date_time(at, end_of_day(record["_due_day"]))


def render_action_required(at: WriteContext, record: Record) -> dict[str, str]:
    """Returns the member ``action_required``, which an intent has in that state."""
    return {
        "code": "provide_missing_information",
        "reason": "Information is missing",
        "reason_description": "Fulfil the requirements of this enrolment to go on.",
        "due_by": format_due_by(at, record),
    }


def render_pending_confirmation(at: WriteContext, record: Record) -> dict[str, Any]:
    """Returns the member ``pending_confirmation``, which an intent has in that state."""
    supported = any(supports_dependents(each) for each in find_plans(at, record["group_id"]))
    return {
        "due_by": format_due_by(at, record),
        "code": "confirm_enrolment",
        "reason": "The enrolment is to be confirmed",
        "reason_description": "Look at the cover and what it costs, list dependents if there are any, then confirm.",
        "associated_persons": _render_associated_persons(at, record) if supported else None,
    }


def _render_associated_persons(at: WriteContext, record: Record) -> dict[str, Any]:
    intent = dependents.find_latest_intent(at, record["id"])
    status = _DEPENDENTS_STATUS.get(intent["status"]) if intent is not None else None
    dependent = {"intent_id": intent["id"], "status": status} if intent is not None and status else None
    return {"optional": True, "type": "dependents", "dependent": dependent}


def render_ineligibility_reason(at: WriteContext, record: Record) -> dict[str, str]:
    """Returns the member ``ineligibility_reason``, which an intent has in the state ineligible."""
    group, employee = find_record(at, "group", record["group_id"]), find_record(at, "employee", record["employee_id"])
    reasons = eligibility.check_eligibility(at, group, employee)[1] if group and employee else []
    first = next((each for each in reasons if each["code"] in _REASON_CODES), None)
    return {
        "code": first["code"] if first else "unknown",
        "reason": first["message"] if first else "The insurer does not cover the employee.",
    }


def needs_information(at: WriteContext, record: Record, _employee: Record) -> bool:
    """Returns whether information about the employee is missing."""
    missing = assumptions_of(at).enrolment_information == "asked" and not record["_asked"]
    return missing or bool(requirements.find_open_requirements(at, record["id"]))


def needs_options(at: WriteContext, record: Record, _employee: Record) -> bool:
    """Returns whether the client must select options of a plan."""
    plans = find_plans(at, record["group_id"])
    return not record["_selected"] and any(coverage.is_required(plan, "policy") for plan in plans)


def needs_confirmation(at: WriteContext, record: Record, employee: Record) -> bool:
    """Returns whether the client must confirm the enrolment."""
    rule = assumptions_of(at).enrolment_confirmation
    pays = rule == "when_employee_pays" and any(
        _employee_pays(at, each, employee) for each in record["policy_enrolments"]
    )
    return record["force_confirmation"] or rule == "always" or pays


def _employee_pays(at: WriteContext, planned: Record, employee: Record) -> bool:
    """Returns whether the employee pays a part of the premium of a planned enrolment."""
    insurance, plan = planned["health_insurance"], get_plan(at, planned["plan"]["id"])
    member = {"member_type": "policyholder", "date_of_birth": employee["date_of_birth"]}
    sharing = insurance["configuration"]["cost_sharing"]
    parts = premiums.split_premium(plan, sharing, [member], insurance["coverage_selections"])
    return any(part.employee > 0 for part in parts)
