"""Defines the lifecycle of renewals: upcoming, open during the renewal window, then renewed or cancelled.

A renewal is a separate, internal record, because its states differ from those of its group policy.
"""

from __future__ import annotations

from collections.abc import Callable

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.records import add_days, find_record, preset_state, start_of_day

LISTENERS: list[Callable[[WriteContext, Record], None]] = []
"""Functions that are called with each renewal that has entered the state open, renewed or cancelled.

Group policies register themselves.
"""


def _notify_listeners(at: WriteContext, record: Record) -> None:
    if record["status"] != "upcoming":
        for listener in LISTENERS:
            listener(at, record)


def _decision_step(context: SimulationContext, record: Record) -> str | None:
    """Returns the step that metadata selects, else the step to the state that the assumption ``renewals`` names."""
    preset = preset_state("renewal", find_record(context, "employer", record["employer_id"]))
    chosen = LIFECYCLE.transition_to(record, preset) if preset else None
    return chosen or LIFECYCLE.transition_to(record, assumptions_of(context).renewals)


LIFECYCLE: Lifecycle = Lifecycle(
    "renewal",
    "renewals",
    transitions=(
        Transition("open", ("upcoming",), "open"),
        Transition("renew", ("upcoming", "open"), "renewed"),
        Transition("decline", ("upcoming", "open"), "cancelled"),
    ),
    timed_transitions=(
        TimedTransition(
            "upcoming", lambda _at, record: start_of_day(record["window_start_date"]), lambda _context, _record: "open"
        ),
        TimedTransition(
            "open", lambda _at, record: start_of_day(add_days(record["window_end_date"], 1)), _decision_step
        ),
    ),
    after_enter=_notify_listeners,
)


def renewal_id(group_policy_id: str) -> str:
    return f"rn_{group_policy_id}"


def create_renewal(at: WriteContext, group_policy: Record) -> Record:
    """Creates the upcoming renewal of a group policy."""
    window = {
        name: group_policy["health_insurance"]["renewal"][name] for name in ("window_start_date", "window_end_date")
    }
    ids = {"group_policy_id": group_policy["id"], "employer_id": group_policy["employer_id"]}
    record = {"object": "renewal", "id": renewal_id(group_policy["id"]), **ids, **window, "cost_sharing": None}
    return LIFECYCLE.create(at, record, "upcoming")


def renew(at: WriteContext, group_policy_id: str, cost_sharing: Record) -> bool:
    """Renews a group policy with this cost sharing; returns False if its renewal is already decided."""
    record = at.space.get("renewals", renewal_id(group_policy_id))
    if record is None or not LIFECYCLE.find_transition(record, "renew"):
        return False
    LIFECYCLE.apply(at, record, "renew", cost_sharing=cost_sharing)
    return True


def cancel_renewal(at: WriteContext, group_policy_id: str) -> None:
    """Cancels the renewal of a group policy, unless the renewal is already decided."""
    record = at.space.get("renewals", renewal_id(group_policy_id))
    if record is not None and LIFECYCLE.find_transition(record, "decline"):
        LIFECYCLE.apply(at, record, "decline")
