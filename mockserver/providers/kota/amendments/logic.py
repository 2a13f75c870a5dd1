"""Policy amendment intents: other dependents or an early end, quoted, confirmed, and then made by the insurer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.amendments.parts import (
    CANCELLATION,
    DEPENDENTS,
    associated_persons,
    changes,
    failure,
    members_after,
    pending_confirmation,
    required_action,
)
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog.logic import plan as plan_of
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.values.records import begins, ends, kept, later, new_id, outcome, today, written
from mockserver.providers.kota.wire.lists import walk

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
OPEN = frozenset(("action_required", "awaiting_quote", "pending_confirmation", "processing"))
_DUE = ("action_required", "pending_confirmation")


def policy_of(at: At, record: Record) -> Record:
    """The policy an amendment is about."""
    policy = kept(at, "policy", record["policy_id"])
    assert policy is not None, "policies are never deleted"
    return policy


def _ask(at: At, record: dict[str, Any]) -> None:
    record["required_action"] = required_action(at, record)


def _offer(at: At, record: dict[str, Any]) -> None:
    record["pending_confirmation"] = pending_confirmation(at, record, policy_of(at, record))


def _explain(_at: At, record: dict[str, Any]) -> None:
    record["processing_error"] = failure(record["_fails_as"])


def _amend(at: At, record: dict[str, Any]) -> None:
    policy = policy_of(at, record)
    if policy["status"] not in policies.IN_FORCE:
        return
    if CANCELLATION in changes(record):
        policies.cancel(at, policy, _last_day(at, record, policy))
    else:
        policies.change_members(at, policy, members_after(at, record, policy))


def _last_day(at: At, record: Record, policy: Record) -> str:
    """The day a cancelled policy ends: the first, when it is opted out of; else that of the life event."""
    event = record["amendment_reason"]["qualifying_life_event"]
    return str(max(event["event_date"], today(at)) if event else policy["start_date"])


_FILLED: dict[str, Callable[[At, dict[str, Any]], None]] = {
    "action_required": _ask,
    "pending_confirmation": _offer,
    "processing_error": _explain,
    "amended": _amend,
}
_FAILS_AS = {"awaiting_quote": "unable_to_quote", "processing": "provider_rejected"}


def _entering(at: At, record: dict[str, Any]) -> None:
    record |= {"required_action": None, "pending_confirmation": None, "processing_error": None}
    record["_due_day"] = later(today(at), assume(at).amendment_deadline)
    record["_fails_as"] = _FAILS_AS.get(record["status"], record["_fails_as"])
    if record["status"] in _FILLED:
        _FILLED[record["status"]](at, record)


def _told(at: At, record: Record) -> None:
    policy = policy_of(at, record)
    employee = kept(at, "employee", policy["employee_id"])
    assert employee is not None, "employees are never deleted"
    ids = {"policy_id": policy["id"], "employee_id": employee["id"], "employer_id": employee["employer_id"]}
    tell(at, f"{KIND}.{record['status']}", KIND, {f"{KIND}_id": record["id"], **ids})
    if record["status"] != "action_required":
        dependents.close(at, record["id"])


def _answered(otherwise: str) -> Callable[[Moment, Record], str | None]:
    def step(moment: Moment, record: Record) -> str | None:
        employee = kept(moment, "employee", policy_of(moment, record)["employee_id"])
        employer = kept(moment, "employer", employee["employer_id"] if employee else None)
        wanted = outcome(KIND, employee, employer)
        return (LIFECYCLE.leads_to(record, wanted) if wanted else None) or otherwise

    return step


def _deadline(_at: At, record: Record) -> int:
    return begins(later(record["_due_day"], 1))


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "policy_amendment_intents",
    steps=(
        Step("request_quote", ("action_required",), "awaiting_quote"),
        Step("quote", ("awaiting_quote",), "pending_confirmation"),
        Step("fail", ("awaiting_quote", "processing"), "processing_error"),
        Step("confirm", ("pending_confirmation",), "processing"),
        Step("amend", ("processing",), "amended"),
        Step("cancel", _DUE, "not_undertaken"),
        Step("lapse", _DUE, "not_undertaken"),
        Step("abandon", ("action_required", "awaiting_quote", "pending_confirmation"), "not_undertaken"),
    ),
    timed=(
        Timed("awaiting_quote", lambda at, _record: at.now + assume(at).amendment_quote, _answered("quote")),
        Timed("processing", lambda at, _record: at.now + assume(at).amendment_processing, _answered("amend")),
        *(Timed(state, _deadline, lambda *_: "lapse") for state in _DUE),
    ),
    entering=dict.fromkeys(STATES, _entering),
    entered=_told,
)


def create_amendment(at: At, policy: Record, reason: Record, requested: list[str]) -> Record:
    """Make an intent to amend a policy: to change its dependents, or to end it."""
    record = {
        "object": KIND,
        "id": new_id(at, "pai"),
        "policy_id": policy["id"],
        "amendment_reason": reason,
        "requested_changes": [{"change_type": each} for each in requested],
        "disclosures": policy["disclosures"],
        "_fails_as": "provider_rejected",
    }
    return LIFECYCLE.begin(at, record, "action_required" if DEPENDENTS in requested else "pending_confirmation")


def list_dependents(at: At, record: Record) -> Record:
    """Begin to list the dependents of a policy anew, from those it covers."""
    policy = policy_of(at, record)
    employee = kept(at, "employee", policy["employee_id"])
    assert employee is not None, "employees are never deleted"
    covered = [
        dependents.entry(each["associated_person_id"], each["_coverage_selections"], "pending_confirmation", at.now)
        for each in policy["health_insurance"]["members"]
        if each["associated_person_id"]
    ]
    due_by = written(at, ends(record["_due_day"]))
    return dependents.create_intent(at, record, employee, plan_of(at, policy["plan"]["id"]), due_by, covered)


def _dependents_moved(at: At, intent: Record) -> None:
    record = kept(at, KIND, intent["parent_intent_id"])
    if record is None or record["status"] != "action_required":
        return
    if intent["status"] == "completed":
        LIFECYCLE.take(at, record, "request_quote")
        return
    action = {**record["required_action"], "associated_persons": associated_persons(at, record)}
    at.space.put("policy_amendment_intents", {**record, "required_action": action})


def _policy_over(at: At, policy: Record) -> None:
    for record in list(walk(at.space, "policy_amendment_intents", policy_id=policy["id"], status=OPEN)):
        if LIFECYCLE.allows(record, "abandon"):
            LIFECYCLE.take(at, record, "abandon")


dependents.MOVED[KIND] = _dependents_moved
policies.OVER.append(_policy_over)
