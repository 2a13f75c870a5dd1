"""Creates dependents management intents and defines their lifecycle: dependents are listed, checked and confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.members import Dependent
from mockserver.providers.kota.dependents.check import KIND, REJECTED_STATES, check_result, run_check
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import find_record, new_id, preset_state
from mockserver.providers.kota.wire.lists import iter_records

OPEN_STATES = frozenset(("action_required", "processing"))
LISTENERS: dict[str, Callable[[WriteContext, Record], None]] = {}
"""By kind of parent intent: called when its dependents management intent has entered a state.

Enrolments and amendments register themselves.
"""


def _publish_state(at: WriteContext, record: Record) -> None:
    # There is no event for processing. action_required has one at the creation (the first state entered, ``_visit``)
    # and whenever the client must remove dependents, but not after each check.
    has_event = record["status"] != "processing" and (
        record["status"] != "action_required" or record["_visit"] == 1 or record["action_required"] is not None
    )
    if has_event:
        ids = {name: record[name] for name in ("parent_intent_id", "parent_intent_type")}
        publish_event(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    LISTENERS[record["parent_intent_type"]](at, record)


def _check_dependents(at: WriteContext, record: dict[str, Any]) -> None:
    record["dependents"] = [run_check(at, record, each) for each in record["dependents"]]
    record["action_required"] = render_removal_action(record)


def render_removal_action(record: Record) -> dict[str, Any] | None:
    """Returns the required action if a dependent on the list cannot be covered, else None."""
    if not any(each["status"] in REJECTED_STATES for each in record["dependents"]):
        return None
    return {
        "code": "remove_restricted_or_ineligible_dependents",
        "reason": "Dependents cannot be covered",
        "reason_description": "Remove the dependents that are restricted or ineligible, then confirm the list.",
        "due_by": record["_due_by"],
    }


def _set_ready(_at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"action_required": None, "dependents": [{**each, "status": "ready"} for each in record["dependents"]]}


def _clear_action_required(_at: WriteContext, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _pending_check_instants(record: Record) -> list[int]:
    return [each["_check_at"] for each in record["dependents"] if each["status"] == "processing"]


def _processing_step(context: SimulationContext, record: Record) -> str | None:
    employee = find_record(context, "employee", record["_employee_id"])
    employer = find_record(context, "employer", employee["employer_id"] if employee else None)
    preset = preset_state(KIND, employee, employer)
    chosen = LIFECYCLE.transition_to(record, preset) if preset else None
    all_eligible = all(check_result(context, record, each) == "pending_confirmation" for each in record["dependents"])
    return chosen or ("complete" if all_eligible else "send_back")


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "dependents_management_intents",
    transitions=(
        Transition("check", ("action_required",), "action_required"),
        Transition("confirm", ("action_required",), "processing"),
        Transition("complete", ("processing",), "completed"),
        Transition("send_back", ("processing",), "action_required"),
        Transition("cancel", ("action_required",), "not_undertaken"),
        Transition("abandon", ("processing",), "not_undertaken"),
    ),
    timed_transitions=(
        TimedTransition(
            "action_required",
            lambda _at, record: min(_pending_check_instants(record), default=None),
            lambda *_: "check",
        ),
        TimedTransition(
            "processing",
            lambda at, record: max(
                [at.now + assumptions_of(at).dependents_processing, *_pending_check_instants(record)]
            ),
            _processing_step,
        ),
    ),
    before_enter={
        "action_required": _check_dependents,
        "processing": _clear_action_required,
        "completed": _set_ready,
        "not_undertaken": _clear_action_required,
    },
    after_enter=_publish_state,
)


def create_intent(
    at: WriteContext, parent: Record, employee: Record, plan: Record, due_by: str, covered: list[dict[str, Any]]
) -> Record:
    """Creates the intent of an enrolment or an amendment; its list begins with the dependents in ``covered``."""
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
        "coverage_options": coverage.render_configurations(plan, "member"),
        "disclosures": plan["disclosures"],
        "action_required": None,
        "_employee_id": employee["id"],
        "_due_by": due_by,
    }
    return LIFECYCLE.create(at, record, "action_required")


def new_dependent(person_id: str, selections: Any, status: str, check_at: int) -> dict[str, Any]:
    """Returns a dependent for the list; ``check_at`` is the instant at which the check ends."""
    return {
        "associated_person_id": person_id,
        "status": status,
        "coverage_selections": selections,
        "requirement_id": None,
        "_check_at": check_at,
    }


def find_latest_intent(at: WriteContext, parent_id: str) -> Record | None:
    """Returns the parent's newest dependents management intent, or None."""
    return next(iter_records(at.space, "dependents_management_intents", parent_intent_id=parent_id), None)


def close(at: WriteContext, parent_id: str) -> None:
    """Ends the parent's newest dependents management intent as not_undertaken, if it is open."""
    record = find_latest_intent(at, parent_id)
    if record is not None and record["status"] in OPEN_STATES:
        LIFECYCLE.apply(at, record, "cancel" if record["status"] == "action_required" else "abandon")


def find_confirmed_dependents(at: WriteContext, parent_id: str) -> list[Dependent] | None:
    """Returns the dependents that were confirmed for the parent, or None if its newest list is not confirmed."""
    record = find_latest_intent(at, parent_id)
    if record is None or record["status"] != "completed":
        return None
    persons = [
        (find_record(at, "associated_person", each["associated_person_id"]), each) for each in record["dependents"]
    ]
    return [Dependent(person, each["coverage_selections"]) for person, each in persons if person is not None]


def _on_requirements_fulfilled(at: WriteContext, record: Record) -> None:
    # A dependent whose requirement is fulfilled is checked again.
    check_at = at.now + assumptions_of(at).dependents_check
    linked = [find_record(at, "requirement", each["requirement_id"]) for each in record["dependents"]]
    fulfilled = {each["id"] for each in linked if each is not None and each["is_fulfilled"]}
    dependents = [
        {**each, "status": "processing", "_check_at": check_at}
        if each["status"] == "action_required" and each["requirement_id"] in fulfilled
        else each
        for each in record["dependents"]
    ]
    LIFECYCLE.update(at, {**record, "dependents": dependents})


requirements.FULFILMENT_HANDLERS["dependent_management_intent"] = _on_requirements_fulfilled
