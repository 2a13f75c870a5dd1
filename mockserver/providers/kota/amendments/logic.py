"""Creates policy amendment intents, which change a policy's dependents or cancel it, and defines their lifecycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.amendments.state_details import (
    CANCELLATION,
    DEPENDENTS,
    find_members_after,
    render_associated_persons,
    render_failure,
    render_pending_confirmation,
    render_required_action,
    requested_changes,
)
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog.logic import get_plan
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.values.records import (
    add_days,
    end_of_day,
    find_record,
    format_date_time,
    new_id,
    preset_state,
    start_of_day,
    today,
)
from mockserver.providers.kota.wire.lists import iter_records

KIND = "policy_amendment_intent"
STATES = (
    "action_required",
    "awaiting_quote",
    "pending_confirmation",
    "processing",
    "amended",
    "processing_error",
    "not_undertaken",
)
OPEN_STATES = frozenset(("action_required", "awaiting_quote", "pending_confirmation", "processing"))
_WAITING_STATES = ("action_required", "pending_confirmation")


def get_policy(at: WriteContext, record: Record) -> Record:
    policy = find_record(at, "policy", record["policy_id"])
    assert policy is not None, "policies are never deleted"
    return policy


def _set_required_action(at: WriteContext, record: dict[str, Any]) -> None:
    record["required_action"] = render_required_action(at, record)


def _set_pending_confirmation(at: WriteContext, record: dict[str, Any]) -> None:
    record["pending_confirmation"] = render_pending_confirmation(at, record, get_policy(at, record))


def _set_processing_error(_at: WriteContext, record: dict[str, Any]) -> None:
    record["processing_error"] = render_failure(record["_fails_as"])


def _change_policy(at: WriteContext, record: dict[str, Any]) -> None:
    policy = get_policy(at, record)
    if policy["status"] not in policies.IN_FORCE:
        return
    if CANCELLATION in requested_changes(record):
        policies.cancel(at, policy, _cancellation_date(at, record, policy))
    else:
        policies.change_members(at, policy, find_members_after(at, record, policy))


def _cancellation_date(at: WriteContext, record: Record, policy: Record) -> str:
    """Returns the policy's start date for an opt-out; for a life event its day, but today at the earliest."""
    event = record["amendment_reason"]["qualifying_life_event"]
    return str(max(event["event_date"], today(at)) if event else policy["start_date"])


_STATE_HANDLERS: dict[str, Callable[[WriteContext, dict[str, Any]], None]] = {
    "action_required": _set_required_action,
    "pending_confirmation": _set_pending_confirmation,
    "processing_error": _set_processing_error,
    "amended": _change_policy,
}
_FAILURE_CODES = {"awaiting_quote": "unable_to_quote", "processing": "provider_rejected"}
"""The code of a failure by the state before it."""


def _on_enter(at: WriteContext, record: dict[str, Any]) -> None:
    record |= {"required_action": None, "pending_confirmation": None, "processing_error": None}
    record["_due_day"] = add_days(today(at), assumptions_of(at).amendment_deadline)
    record["_fails_as"] = _FAILURE_CODES.get(record["status"], record["_fails_as"])
    if record["status"] in _STATE_HANDLERS:
        _STATE_HANDLERS[record["status"]](at, record)


def _publish_state(at: WriteContext, record: Record) -> None:
    policy = get_policy(at, record)
    employee = find_record(at, "employee", policy["employee_id"])
    assert employee is not None, "employees are never deleted"
    ids = {"policy_id": policy["id"], "employee_id": employee["id"], "employer_id": employee["employer_id"]}
    publish_event(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    if record["status"] != "action_required":
        dependents.close(at, record["id"])


def _insurer_step(default: str) -> Callable[[SimulationContext, Record], str | None]:
    """Creates a function that returns the step that metadata selects, else ``default``."""

    def step(context: SimulationContext, record: Record) -> str | None:
        employee = find_record(context, "employee", get_policy(context, record)["employee_id"])
        employer = find_record(context, "employer", employee["employer_id"] if employee else None)
        preset = preset_state(KIND, employee, employer)
        return (LIFECYCLE.transition_to(record, preset) if preset else None) or default

    return step


def _deadline(_at: WriteContext, record: Record) -> int:
    return start_of_day(add_days(record["_due_day"], 1))


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "policy_amendment_intents",
    transitions=(
        Transition("request_quote", ("action_required",), "awaiting_quote"),
        Transition("quote", ("awaiting_quote",), "pending_confirmation"),
        Transition("fail", ("awaiting_quote", "processing"), "processing_error"),
        Transition("confirm", ("pending_confirmation",), "processing"),
        Transition("amend", ("processing",), "amended"),
        Transition("cancel", _WAITING_STATES, "not_undertaken"),
        Transition("lapse", _WAITING_STATES, "not_undertaken"),
        Transition("abandon", ("action_required", "awaiting_quote", "pending_confirmation"), "not_undertaken"),
    ),
    timed_transitions=(
        TimedTransition(
            "awaiting_quote", lambda at, _record: at.now + assumptions_of(at).amendment_quote, _insurer_step("quote")
        ),
        TimedTransition(
            "processing", lambda at, _record: at.now + assumptions_of(at).amendment_processing, _insurer_step("amend")
        ),
        *(TimedTransition(state, _deadline, lambda *_: "lapse") for state in _WAITING_STATES),
    ),
    before_enter=dict.fromkeys(STATES, _on_enter),
    after_enter=_publish_state,
)


def create_amendment(at: WriteContext, policy: Record, reason: Record, requested: list[str]) -> Record:
    """Creates an amendment; ``requested`` has kinds of change: dependents or cancellation."""
    record = {
        "object": KIND,
        "id": new_id(at, "pai"),
        "policy_id": policy["id"],
        "amendment_reason": reason,
        "requested_changes": [{"change_type": each} for each in requested],
        "disclosures": policy["disclosures"],
        "_fails_as": "provider_rejected",
    }
    return LIFECYCLE.create(at, record, "action_required" if DEPENDENTS in requested else "pending_confirmation")


def create_dependents_intent(at: WriteContext, record: Record) -> Record:
    """Creates the dependents management intent of an amendment; its list begins with the current dependents."""
    policy = get_policy(at, record)
    employee = find_record(at, "employee", policy["employee_id"])
    assert employee is not None, "employees are never deleted"
    covered = [
        dependents.new_dependent(
            each["associated_person_id"], each["_coverage_selections"], "pending_confirmation", at.now
        )
        for each in policy["health_insurance"]["members"]
        if each["associated_person_id"]
    ]
    due_by = format_date_time(at, end_of_day(record["_due_day"]))
    return dependents.create_intent(at, record, employee, get_plan(at, policy["plan"]["id"]), due_by, covered)


def _on_dependents_changed(at: WriteContext, intent: Record) -> None:
    record = find_record(at, KIND, intent["parent_intent_id"])
    if record is None or record["status"] != "action_required":
        return
    if intent["status"] == "completed":
        LIFECYCLE.apply(at, record, "request_quote")
        return
    action = {**record["required_action"], "associated_persons": render_associated_persons(at, record)}
    at.space.put("policy_amendment_intents", {**record, "required_action": action})


def _on_policy_ended(at: WriteContext, policy: Record) -> None:
    for record in list(iter_records(at.space, "policy_amendment_intents", policy_id=policy["id"], status=OPEN_STATES)):
        if LIFECYCLE.find_transition(record, "abandon"):
            LIFECYCLE.apply(at, record, "abandon")


dependents.LISTENERS[KIND] = _on_dependents_changed
policies.END_LISTENERS.append(_on_policy_ended)
