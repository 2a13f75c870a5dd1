"""Whether a dependent can be covered: what the plan takes, what metadata chose ahead, what is not known yet."""

from __future__ import annotations

from typing import Any

from mockserver.engine import At, Record
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog.logic import plan as plan_of
from mockserver.providers.kota.catalog.members import PARTNERS, member_type
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import kept, outcome, today

KIND = "dependents_management_intent"
STATES = ("pending_confirmation", "action_required", "ineligible", "processing", "restricted", "ready")
BAD = ("ineligible", "restricted")
"""The states of a dependent that has to be removed."""


def checked(at: At, record: Record, dependent: Record) -> dict[str, Any]:
    """A dependent of the list once it is time to know what it needs."""
    if dependent["status"] != "processing" or dependent["_check_at"] > at.now:
        return dict(dependent)
    return moved(at, record, dependent, verdict(at, record, dependent))


def moved(at: At, record: Record, dependent: Record, status: str) -> dict[str, Any]:
    """A dependent of the list in another state; what that state asks for is asked for."""
    changed = {**dependent, "status": status}
    if status == "action_required":
        person = dependent["associated_person_id"]
        changed["requirement_id"] = requirements.ask(at, KIND, record, "associated_person", person)["id"]
    if status == "pending_confirmation":
        _tell(at, record, dependent)
    return changed


def _tell(at: At, record: Record, dependent: Record) -> None:
    ids = {name: record[name] for name in ("parent_intent_id", "parent_intent_type")}
    whom = {"associated_person_id": dependent["associated_person_id"]}
    tell(at, f"{KIND}.dependent.pending_confirmation", KIND, {f"{KIND}_id": record["id"], **ids, **whom})


def verdict(at: At, record: Record, dependent: Record) -> str:
    """The state a dependent is in once it has been checked; what is known already stays so."""
    if dependent["status"] != "processing":
        return str(dependent["status"])
    employee = kept(at, "employee", record["_employee_id"])
    employer = kept(at, "employer", employee["employer_id"] if employee else None)
    wanted, asked = outcome("dependent", employee, employer), dependent["requirement_id"] is not None
    if wanted in STATES and not (wanted == "action_required" and asked):
        return str(wanted)
    if ineligibility(at, record, kept(at, "associated_person", dependent["associated_person_id"])):
        return "ineligible"
    if assume(at).dependents_information == "asked" and not asked:
        return "action_required"
    return "pending_confirmation"


def ineligibility(at: At, record: Record, person: Record | None) -> str | None:
    """Why a person cannot be covered by the plan that a list is about, or None."""
    if person is None:
        return "The person is no longer known."
    day, plan = today(at), plan_of(at, record["plan"]["id"])
    type = member_type(at, person, day)
    if type not in plan["health_insurance"]["supported_member_types"]:
        return f"The plan does not cover a member of type {type}."
    if type in PARTNERS and _first_partner(at, record) not in (None, person["id"]):
        return "The list has a spouse or partner already."
    return None


def _first_partner(at: At, record: Record) -> str | None:
    persons = (kept(at, "associated_person", each["associated_person_id"]) for each in record["dependents"])
    return next((each["id"] for each in persons if each and each["relationship_type"] in PARTNERS), None)
