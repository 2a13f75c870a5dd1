"""Checks a dependent: metadata can preset the result; otherwise the plan and missing information determine it."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.catalog.members import PARTNERS, member_type
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import find_record, preset_state, today

KIND = "dependents_management_intent"
STATES = ("pending_confirmation", "action_required", "ineligible", "processing", "restricted", "ready")
REJECTED_STATES = ("ineligible", "restricted")
"""The states of dependents that must be removed from the list."""


def run_check(at: WriteContext, record: Record, dependent: Record) -> dict[str, Any]:
    """Returns the dependent after its check; before the check is due, returns the dependent unchanged."""
    if dependent["status"] != "processing" or dependent["_check_at"] > at.now:
        return dict(dependent)
    return change_status(at, record, dependent, check_result(at, record, dependent))


def change_status(at: WriteContext, record: Record, dependent: Record, status: str) -> dict[str, Any]:
    """Returns the dependent in another state, and adds the requirement or publishes the event that the state needs."""
    changed = {**dependent, "status": status}
    if status == "action_required":
        person = dependent["associated_person_id"]
        changed["requirement_id"] = requirements.add_requirement(at, KIND, record, "associated_person", person)["id"]
    if status == "pending_confirmation":
        _publish_pending_confirmation(at, record, dependent)
    return changed


def _publish_pending_confirmation(at: WriteContext, record: Record, dependent: Record) -> None:
    ids = {name: record[name] for name in ("parent_intent_id", "parent_intent_type")}
    person_ids = {"associated_person_id": dependent["associated_person_id"]}
    publish_event(at, f"{KIND}.dependent.pending_confirmation", KIND, {f"{KIND}_id": record["id"], **ids, **person_ids})


def check_result(at: WriteContext, record: Record, dependent: Record) -> str:
    """Returns the state after the check; a dependent whose check has ended keeps its state."""
    if dependent["status"] != "processing":
        return str(dependent["status"])
    employee = find_record(at, "employee", record["_employee_id"])
    employer = find_record(at, "employer", employee["employer_id"] if employee else None)
    preset, has_requirement = preset_state("dependent", employee, employer), dependent["requirement_id"] is not None
    if preset in STATES and not (preset == "action_required" and has_requirement):
        return str(preset)
    if find_ineligibility_reason(at, record, find_record(at, "associated_person", dependent["associated_person_id"])):
        return "ineligible"
    if assumptions_of(at).dependents_information == "asked" and not has_requirement:
        return "action_required"
    return "pending_confirmation"


def find_ineligibility_reason(at: WriteContext, record: Record, person: Record | None) -> str | None:
    """Returns the reason why the list's plan cannot cover a person, or None if it can."""
    if person is None:
        return "The person is no longer known."
    day, plan = today(at), get_plan(at, record["plan"]["id"])
    type = member_type(at, person, day)
    if type not in plan["health_insurance"]["supported_member_types"]:
        return f"The plan does not cover a member of type {type}."
    if type in PARTNERS and _find_first_partner(at, record) not in (None, person["id"]):
        return "The list has a spouse or partner already."
    return None


def _find_first_partner(at: WriteContext, record: Record) -> str | None:
    persons = (find_record(at, "associated_person", each["associated_person_id"]) for each in record["dependents"])
    return next((each["id"] for each in persons if each and each["relationship_type"] in PARTNERS), None)
