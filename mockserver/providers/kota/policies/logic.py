"""Creates employees' policies and defines their lifecycle: dates begin and end them; group policies renew them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog import premiums
from mockserver.providers.kota.contributions import logic as contributions
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.values.records import add_days, new_id, start_of_day, today
from mockserver.providers.kota.wire.lists import iter_records

STATES = ("scheduled", "active", "expired", "cancelled")
IN_FORCE = frozenset(("scheduled", "active"))
_RENEWAL_EVENTS = {"open": "renewal.opened", "renewed": "renewal.renewed", "cancelled": "renewal.canceled"}
_NO_END_DATE = "9999-12-31"
"""The end date that insurers write for a policy without end. No later day exists, so such a policy gets no timer."""
END_LISTENERS: list[Callable[[WriteContext, Record], None]] = []
"""Functions that are called with each policy that has ended; amendments register themselves."""


def publish_policy_event(at: WriteContext, change: str, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_policy_id", "group_id")}
    publish_event(at, f"policy.{change}", "policy", {"policy_id": record["id"], **ids})


def _publish_state(at: WriteContext, record: Record) -> None:
    # ``_visit`` counts the states entered so far: 1 means that the policy is new.
    is_new_import = record["_visit"] == 1 and record["_imported"]
    publish_policy_event(at, "imported" if is_new_import else record["status"], record)
    legacy.mirror_policy(at, record)
    contributions.apply_policy_change(at, record)
    if record["status"] not in IN_FORCE:
        for listener in END_LISTENERS:
            listener(at, record)


def _next_due(at: WriteContext, record: Record) -> int | None:
    """Returns the next instant at which the policy begins or ends, or None."""
    days = [] if record["status"] == "active" else [record["start_date"]]
    days += [record["cancellation_date"]] if record["cancellation_date"] else []
    days += [add_days(record["end_date"], 1)] if (record["end_date"] or _NO_END_DATE) < _NO_END_DATE else []
    future_days = [day for day in days if day > today(at)]
    return start_of_day(min(future_days)) if future_days else None


def _due_step(context: SimulationContext, record: Record) -> str | None:
    """Returns the step that the policy's dates require today, or None."""
    day, cancelled, last = today(context), record["cancellation_date"], record["end_date"]
    if cancelled is not None and cancelled <= day:
        return "cancel"
    if last is not None and last < day:
        return "expire"
    return "activate" if record["status"] == "scheduled" and record["start_date"] <= day else None


def _set_cancellation_date(at: WriteContext, record: dict[str, Any]) -> None:
    record["cancellation_date"] = record["cancellation_date"] or today(at)


LIFECYCLE: Lifecycle = Lifecycle(
    "policy",
    "policies",
    transitions=(
        Transition("activate", ("scheduled",), "active"),
        Transition("expire", ("scheduled", "active"), "expired"),
        Transition("cancel", ("scheduled", "active"), "cancelled"),
    ),
    timed_transitions=(
        TimedTransition("scheduled", _next_due, _due_step),
        TimedTransition("active", _next_due, _due_step),
    ),
    before_enter={"cancelled": _set_cancellation_date},
    after_enter=_publish_state,
)


@dataclass(frozen=True, slots=True)
class Cover:
    """The part of a new policy that does not come from its group policy."""

    members: Sequence[Record]
    selections: Sequence[Record] | None = None
    number: str | None = None
    """The policy number of an imported policy; other policies get a new one."""
    end_date: str | None = None
    """The end date of an imported policy; other policies end with the group policy."""
    bundling: str = "not_bundled"


def create_policy(at: WriteContext, group_policy: Record, employee_id: str, start_date: str, cover: Cover) -> Record:
    """Creates the policy of an employee that belongs to a group policy."""
    imported = cover.number is not None
    record = {
        "object": "policy",
        "id": new_id(at, "p"),
        "employee_id": employee_id,
        "group_policy_id": group_policy["id"],
        "bundling_type": cover.bundling,
        "group_id": group_policy["group_id"],
        "provider": group_policy["provider"],
        "plan": group_policy["plan"],
        "start_date": start_date,
        "end_date": cover.end_date if imported else group_policy["end_date"],
        "cancellation_date": None,
        "type": "health_insurance",
        "health_insurance": _health_insurance(at, group_policy, start_date, cover),
        "disclosures": group_policy["disclosures"],
        "_coverage_selections": [*(group_policy["_coverage_selections"] or ()), *(cover.selections or ())],
        "_imported": imported,
    }
    return LIFECYCLE.create(at, with_premium(at, record, cover.members), _initial_state(at, record))


def _initial_state(at: WriteContext, record: Record) -> str:
    if record["end_date"] is not None and record["end_date"] < today(at):
        return "expired"
    return "scheduled" if record["start_date"] > today(at) else "active"


def _health_insurance(at: WriteContext, group_policy: Record, start_date: str, cover: Cover) -> dict[str, Any]:
    assumptions, first_day = assumptions_of(at), max(start_date, today(at))
    supported = supports_dependents(catalog.get_plan(at, group_policy["plan"]["id"]))
    dependents_deadline = add_days(first_day, max(assumptions.initial_dependents_days - 1, 0)) if supported else None
    return {
        "policy_number": cover.number or f"K{at.space.increment('policy_number'):08d}",
        "opt_out_deadline": add_days(first_day, max(assumptions.opt_out_days - 1, 0)),
        "initial_dependents_update_deadline": dependents_deadline,
        "renewal": {**group_policy["health_insurance"]["renewal"], "renewed_policy_id": None},
        "dependents_supported": supported,
        "configuration": group_policy["health_insurance"]["configuration"],
    }


def supports_dependents(plan: Record) -> bool:
    """Returns whether a plan covers members other than the policyholder."""
    return any(type != "policyholder" for type in plan["health_insurance"]["supported_member_types"])


def with_premium(at: WriteContext, policy: Record, members: Sequence[Record]) -> dict[str, Any]:
    """Returns the policy with these members and their premium."""
    insurance, plan = policy["health_insurance"], catalog.get_plan(at, policy["plan"]["id"])
    sharing = insurance["configuration"]["cost_sharing"]
    parts = premiums.split_premium(plan, sharing, members, policy["_coverage_selections"])
    terms = policy["plan"]["currency"], parts, policy["start_date"], insurance["renewal"]["renewal_date"]
    insurance = {**insurance, "members": list(members), "estimated_gross_premium": premiums.render_estimate(*terms)}
    return {**policy, "health_insurance": insurance}


def change_members(at: WriteContext, policy: Record, members: Sequence[Record]) -> Record:
    """Replaces the members of a policy as of now."""
    return _update(at, with_premium(at, policy, members))


def _update(at: WriteContext, changed: Record, change: str = "updated") -> Record:
    changed = LIFECYCLE.update(at, changed)
    publish_policy_event(at, change, changed)
    legacy.mirror_policy(at, changed)
    contributions.apply_policy_change(at, changed)
    return changed


def cancel(at: WriteContext, policy: Record, day: str) -> Record:
    """Cancels a policy as of ``day``: now, unless it is in the future and after the start."""
    if day <= today(at) or day <= policy["start_date"]:
        return LIFECYCLE.apply(at, policy, "cancel", cancellation_date=day)
    return _update(at, {**policy, "cancellation_date": day})


def iter_in_force(at: WriteContext, **wanted: Any) -> Iterator[Record]:
    """Yields the scheduled and active policies that match; ``wanted`` has values by field, such as ``group_id``."""
    yield from list(iter_records(at.space, "policies", status=IN_FORCE, **wanted))


def apply_renewal(at: WriteContext, group_policy: Record, following: Record | None = None) -> None:
    """Copies the renewal state of a group policy to its policies; renews them under the group policy ``following``."""
    for policy in iter_in_force(at, group_policy_id=group_policy["id"]):
        status = group_policy["health_insurance"]["renewal"]["status"]
        # A policy that is going to be cancelled is not renewed with its group policy.
        if status == "renewed" and policy["cancellation_date"] is not None:
            status = "cancelled"
        renewal = {**policy["health_insurance"]["renewal"], "status": status}
        if status == "renewed" and following is not None:
            renewal["renewed_policy_id"] = _renew(at, policy, following)["id"]
        changed = {**policy, "health_insurance": {**policy["health_insurance"], "renewal": renewal}}
        _update(at, changed, _RENEWAL_EVENTS.get(status, "updated"))


def _renew(at: WriteContext, policy: Record, following: Record) -> Record:
    members = [{**member, "id": new_id(at, "pm")} for member in policy["health_insurance"]["members"]]
    # Options belong to a plan, so the selections are kept only for the same plan.
    selections = policy["_coverage_selections"] if policy["plan"]["id"] == following["plan"]["id"] else None
    cover = Cover(members, selections, bundling=policy["bundling_type"])
    return create_policy(at, following, policy["employee_id"], following["start_date"], cover)
