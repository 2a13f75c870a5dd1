"""Policies of employees: created by enrolments and imports, renewed with the group policy, ended by date."""

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
"""What insurers write as the end of a policy without one; no day follows it."""
END_LISTENERS: list[Callable[[WriteContext, Record], None]] = []
"""Called with a policy that has ended; amendments register themselves."""


def publish_policy_event(at: WriteContext, what: str, record: Record) -> None:
    ids = {name: record[name] for name in ("employee_id", "group_policy_id", "group_id")}
    publish_event(at, f"policy.{what}", "policy", {"policy_id": record["id"], **ids})


def _publish_state(at: WriteContext, record: Record) -> None:
    first = record["_visit"] == 1 and record["_imported"]
    publish_policy_event(at, "imported" if first else record["status"], record)
    legacy.mirror_policy(at, record)
    contributions.cover_changed(at, record)
    if record["status"] not in IN_FORCE:
        for listener in END_LISTENERS:
            listener(at, record)


def _next_due(at: WriteContext, record: Record) -> int | None:
    days = [] if record["status"] == "active" else [record["start_date"]]
    days += [record["cancellation_date"]] if record["cancellation_date"] else []
    days += [add_days(record["end_date"], 1)] if (record["end_date"] or _NO_END_DATE) < _NO_END_DATE else []
    ahead = [day for day in days if day > today(at)]
    return start_of_day(min(ahead)) if ahead else None


def _due_step(moment: SimulationContext, record: Record) -> str | None:
    day, cancelled, last = today(moment), record["cancellation_date"], record["end_date"]
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
    """What a new policy covers: members, selected options, policy number and end date."""

    members: Sequence[Record]
    selections: Sequence[Record] | None = None
    number: str | None = None
    """The policy number of an imported policy; other policies get a new one."""
    end_date: str | None = None
    """The end date of an imported policy; other policies end with the group policy."""
    bundling: str = "not_bundled"


def create_policy(at: WriteContext, group_policy: Record, employee_id: str, start_date: str, cover: Cover) -> Record:
    """Creates the policy of an employee under a group policy."""
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
    return LIFECYCLE.create(at, with_premium(at, record, cover.members), _first_state(at, record))


def _first_state(at: WriteContext, record: Record) -> str:
    if record["end_date"] is not None and record["end_date"] < today(at):
        return "expired"
    return "scheduled" if record["start_date"] > today(at) else "active"


def _health_insurance(at: WriteContext, group_policy: Record, start_date: str, cover: Cover) -> dict[str, Any]:
    assumptions, first_day = assumptions_of(at), max(start_date, today(at))
    supported = dependents_supported(catalog.plan(at, group_policy["plan"]["id"]))
    last = add_days(first_day, max(assumptions.initial_dependents_days - 1, 0)) if supported else None
    return {
        "policy_number": cover.number or f"K{at.space.increment('policy_number'):08d}",
        "opt_out_deadline": add_days(first_day, max(assumptions.opt_out_days - 1, 0)),
        "initial_dependents_update_deadline": last,
        "renewal": {**group_policy["health_insurance"]["renewal"], "renewed_policy_id": None},
        "dependents_supported": supported,
        "configuration": group_policy["health_insurance"]["configuration"],
    }


def dependents_supported(plan: Record) -> bool:
    """Returns whether a plan covers other members than the policyholder."""
    return any(type != "policyholder" for type in plan["health_insurance"]["supported_member_types"])


def with_premium(at: WriteContext, policy: Record, members: Sequence[Record]) -> dict[str, Any]:
    """Returns the policy with these members and the premium for them."""
    insurance, plan = policy["health_insurance"], catalog.plan(at, policy["plan"]["id"])
    sharing = insurance["configuration"]["cost_sharing"]
    parts = premiums.split_premium(plan, sharing, members, policy["_coverage_selections"])
    terms = policy["plan"]["currency"], parts, policy["start_date"], insurance["renewal"]["renewal_date"]
    insurance = {**insurance, "members": list(members), "estimated_gross_premium": premiums.render_estimate(*terms)}
    return {**policy, "health_insurance": insurance}


def change_members(at: WriteContext, policy: Record, members: Sequence[Record]) -> Record:
    """Replaces the members of a policy from now on."""
    return _update(at, with_premium(at, policy, members))


def _update(at: WriteContext, changed: Record, what: str = "updated") -> Record:
    changed = LIFECYCLE.update(at, changed)
    publish_policy_event(at, what, changed)
    legacy.mirror_policy(at, changed)
    contributions.cover_changed(at, changed)
    return changed


def cancel(at: WriteContext, policy: Record, day: str) -> Record:
    """Ends a policy on a day; now if that is not in the future or not after the start."""
    if day <= today(at) or day <= policy["start_date"]:
        return LIFECYCLE.apply(at, policy, "cancel", cancellation_date=day)
    return _update(at, {**policy, "cancellation_date": day})


def in_force(at: WriteContext, **wanted: Any) -> Iterator[Record]:
    """Yields the scheduled and active policies whose fields match: employee_id, group_id or group_policy_id."""
    yield from list(iter_records(at.space, "policies", status=IN_FORCE, **wanted))


def apply_renewal(at: WriteContext, group_policy: Record, following: Record | None = None) -> None:
    """Copies the renewal state of a group policy to its policies; ``following`` is the group policy that follows it."""
    for policy in in_force(at, group_policy_id=group_policy["id"]):
        status = group_policy["health_insurance"]["renewal"]["status"]
        if status == "renewed" and policy["cancellation_date"] is not None:
            status = "cancelled"
        renewal = {**policy["health_insurance"]["renewal"], "status": status}
        if status == "renewed" and following is not None:
            renewal["renewed_policy_id"] = _renew(at, policy, following)["id"]
        changed = {**policy, "health_insurance": {**policy["health_insurance"], "renewal": renewal}}
        _update(at, changed, _RENEWAL_EVENTS.get(status, "updated"))


def _renew(at: WriteContext, policy: Record, following: Record) -> Record:
    members = [{**member, "id": new_id(at, "pm")} for member in policy["health_insurance"]["members"]]
    # Another plan has other options.
    selections = policy["_coverage_selections"] if policy["plan"]["id"] == following["plan"]["id"] else None
    cover = Cover(members, selections, bundling=policy["bundling_type"])
    return create_policy(at, following, policy["employee_id"], following["start_date"], cover)
