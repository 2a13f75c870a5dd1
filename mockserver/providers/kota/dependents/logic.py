"""Dependents management intents: who is to be covered beside the employee, listed, checked, confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.members import Dependent
from mockserver.providers.kota.dependents.check import BAD, KIND, checked, verdict
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import kept, new_id, outcome
from mockserver.providers.kota.wire.lists import walk

OPEN = frozenset(("action_required", "processing"))
MOVED: dict[str, Callable[[At, Record], None]] = {}
"""By kind of parent: told when one of its dependents management intents has moved. The parents add themselves."""


def _told(at: At, record: Record) -> None:
    said = record["status"] != "processing" and (
        record["status"] != "action_required" or record["_visit"] == 1 or record["action_required"] is not None
    )
    if said:
        ids = {name: record[name] for name in ("parent_intent_id", "parent_intent_type")}
        tell(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    MOVED[record["parent_intent_type"]](at, record)


def _check(at: At, record: dict[str, Any]) -> None:
    record["dependents"] = [checked(at, record, each) for each in record["dependents"]]
    record["action_required"] = to_remove(record)


def to_remove(record: Record) -> dict[str, Any] | None:
    """What the list asks for while someone on it cannot be covered."""
    if not any(each["status"] in BAD for each in record["dependents"]):
        return None
    return {
        "code": "remove_restricted_or_ineligible_dependents",
        "reason": "Dependents cannot be covered",
        "reason_description": "Remove the dependents that are restricted or ineligible, then confirm the list.",
        "due_by": record["_due_by"],
    }


def _ready(_at: At, record: dict[str, Any]) -> None:
    record |= {"action_required": None, "dependents": [{**each, "status": "ready"} for each in record["dependents"]]}


def _closed(_at: At, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _checks(record: Record) -> list[int]:
    return [each["_check_at"] for each in record["dependents"] if each["status"] == "processing"]


def _processed(moment: Moment, record: Record) -> str | None:
    employee = kept(moment, "employee", record["_employee_id"])
    employer = kept(moment, "employer", employee["employer_id"] if employee else None)
    wanted = outcome(KIND, employee, employer)
    chosen = LIFECYCLE.leads_to(record, wanted) if wanted else None
    fine = all(verdict(moment, record, each) == "pending_confirmation" for each in record["dependents"])
    return chosen or ("complete" if fine else "send_back")


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "dependents_management_intents",
    steps=(
        Step("check", ("action_required",), "action_required"),
        Step("confirm", ("action_required",), "processing"),
        Step("complete", ("processing",), "completed"),
        Step("send_back", ("processing",), "action_required"),
        Step("cancel", ("action_required",), "not_undertaken"),
        Step("abandon", ("processing",), "not_undertaken"),
    ),
    timed=(
        Timed("action_required", lambda _at, record: min(_checks(record), default=None), lambda *_: "check"),
        Timed(
            "processing",
            lambda at, record: max([at.now + assume(at).dependents_processing, *_checks(record)]),
            _processed,
        ),
    ),
    entering={"action_required": _check, "processing": _closed, "completed": _ready, "not_undertaken": _closed},
    entered=_told,
)


def create_intent(
    at: At, parent: Record, employee: Record, plan: Record, due_by: str, covered: list[dict[str, Any]]
) -> Record:
    """Make the dependents management intent of an enrolment or an amendment; ``covered`` are on its list already."""
    record = {
        "object": KIND,
        "id": new_id(at, "dmi"),
        "parent_intent_id": parent["id"],
        "parent_intent_type": parent["object"],
        "dependents": covered,
        "plan": {
            **{name: plan[name] for name in ("id", "name", "description")},
            "pricing": plan["health_insurance"]["pricing"],
        },
        "coverage_options": coverage.shown(plan, "member"),
        "disclosures": plan["disclosures"],
        "action_required": None,
        "_employee_id": employee["id"],
        "_due_by": due_by,
    }
    return LIFECYCLE.begin(at, record, "action_required")


def entry(person_id: str, selections: Any, status: str, check_at: int) -> dict[str, Any]:
    """A person on the list."""
    return {
        "associated_person_id": person_id,
        "status": status,
        "coverage_selections": selections,
        "requirement_id": None,
        "_check_at": check_at,
    }


def newest(at: At, parent_id: str) -> Record | None:
    """The dependents management intent made last for a parent, or None."""
    return next(walk(at.space, "dependents_management_intents", parent_intent_id=parent_id), None)


def close(at: At, parent_id: str) -> None:
    """Give up the list that a parent still has open."""
    record = newest(at, parent_id)
    if record is not None and record["status"] in OPEN:
        LIFECYCLE.take(at, record, "cancel" if record["status"] == "action_required" else "abandon")


def confirmed(at: At, parent_id: str) -> list[Dependent] | None:
    """Whom the confirmed list of a parent names, or None where there is no such list."""
    record = newest(at, parent_id)
    if record is None or record["status"] != "completed":
        return None
    named = [(kept(at, "associated_person", each["associated_person_id"]), each) for each in record["dependents"]]
    return [Dependent(person, each["coverage_selections"]) for person, each in named if person is not None]


def _information_given(at: At, record: Record) -> None:
    # Each is checked again: what it has told may stand against it.
    soon = at.now + assume(at).dependents_check
    asked = [kept(at, "requirement", each["requirement_id"]) for each in record["dependents"]]
    done = {each["id"] for each in asked if each is not None and each["is_fulfilled"]}
    dependents = [
        {**each, "status": "processing", "_check_at": soon}
        if each["status"] == "action_required" and each["requirement_id"] in done
        else each
        for each in record["dependents"]
    ]
    LIFECYCLE.keep(at, {**record, "dependents": dependents})


requirements.HOOKS["dependent_management_intent"] = _information_given
