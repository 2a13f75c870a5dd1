"""Creates group policies and defines their lifecycle: dates begin and end them; a renewal creates the next policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from mockserver.engine import Lifecycle, Record, SimulationContext, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.group_policies import renewals
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.values.records import add_days, new_id, start_of_day, today
from mockserver.providers.kota.wire.lists import iter_records

STATES = ("scheduled", "active", "expired", "cancelled")
_RENEWAL_EVENTS = {"open": "renewal.opened", "renewed": "renewal.renewed", "cancelled": "renewal.canceled"}


def publish_group_policy_event(at: WriteContext, change: str, record: Record) -> None:
    ids = {"group_policy_id": record["id"], "group_id": record["group_id"], "employer_id": record["employer_id"]}
    publish_event(at, f"group_policy.{change}", "group_policy", ids)


def _publish_state(at: WriteContext, record: Record) -> None:
    publish_group_policy_event(at, record["status"], record)
    legacy.mirror_group_policy(at, record)
    if record["status"] not in IN_FORCE:
        renewals.cancel_renewal(at, record["id"])


def _next_due(at: WriteContext, record: Record) -> int | None:
    """Returns the next instant at which the policy begins or ends: now, if all its days have passed."""
    days = [add_days(record["end_date"], 1), record["cancellation_date"]]
    days += [record["start_date"]] if record["status"] == "scheduled" else []
    future_days = [day for day in days if day is not None and day > today(at)]
    return start_of_day(min(future_days)) if future_days else at.now


def _due_step(context: SimulationContext, record: Record) -> str | None:
    """Returns the step that the policy's dates require today, or None."""
    day, cancelled = today(context), record["cancellation_date"]
    if cancelled is not None and cancelled <= day:
        return "cancel"
    if record["end_date"] < day:
        return "expire"
    return "activate" if record["status"] == "scheduled" and record["start_date"] <= day else None


def _assign_number(at: WriteContext, record: dict[str, Any]) -> None:
    insurance = record["health_insurance"]
    number = insurance["group_policy_number"] or f"G{at.space.increment('group_policy_number'):07d}"
    record["health_insurance"] = {**insurance, "group_policy_number": number}


def _set_cancellation_date(at: WriteContext, record: dict[str, Any]) -> None:
    record["cancellation_date"] = record["cancellation_date"] or today(at)


LIFECYCLE: Lifecycle = Lifecycle(
    "group_policy",
    "group_policies",
    transitions=(
        Transition("activate", ("scheduled",), "active"),
        Transition("expire", ("scheduled", "active"), "expired"),
        Transition("cancel", ("scheduled", "active"), "cancelled"),
    ),
    timed_transitions=(
        TimedTransition("scheduled", _next_due, _due_step),
        TimedTransition("active", _next_due, _due_step),
    ),
    before_enter={"active": _assign_number, "cancelled": _set_cancellation_date},
    after_enter=_publish_state,
)


def create_group_policy(
    at: WriteContext,
    group: Record,
    plan: Record,
    start_date: str,
    cost_sharing: Record,
    selections: Sequence[Record] | None = None,
) -> Record:
    """Creates a policy of a group, which makes the group ready for enrolments."""
    has_other_plan = any(each["plan"]["id"] != plan["id"] for each in list_in_force(at, group["id"]))
    record = {**_new_record(at, group, plan, start_date, cost_sharing), "_coverage_selections": selections}
    created = LIFECYCLE.create(at, record, _initial_state(at, record))
    if created["status"] in IN_FORCE:
        renewals.create_renewal(at, created)
    groups.attach_policy(at, group["id"], created["id"], bundled=has_other_plan)
    memberships.review_group(at, group["id"])
    return created


def _new_record(at: WriteContext, group: Record, plan: Record, start_date: str, cost_sharing: Record) -> dict[str, Any]:
    return {
        "object": "group_policy",
        "id": new_id(at, "gp"),
        "group_id": group["id"],
        "employer_id": group["employer_id"],
        "start_date": start_date,
        "end_date": add_days(_renewal_date(at, start_date), -1),
        "cancellation_date": None,
        "type": "health_insurance",
        "provider": catalog.render_policy_provider(plan),
        "plan": catalog.render_policy_plan(plan),
        "health_insurance": _health_insurance(at, _renewal_date(at, start_date), cost_sharing),
        "disclosures": catalog.disclosures(plan),
    }


def _initial_state(at: WriteContext, record: Record) -> str:
    if record["end_date"] < today(at):
        return "expired"
    return "scheduled" if record["start_date"] > today(at) else "active"


def _health_insurance(at: WriteContext, renewal_date: str, cost_sharing: Record) -> dict[str, Any]:
    assumptions = assumptions_of(at)
    renewal = {
        "renewal_date": renewal_date,
        "window_start_date": add_days(renewal_date, -assumptions.renewal_opens),
        "window_end_date": add_days(renewal_date, -assumptions.renewal_closes),
        "status": "upcoming",
        "renewed_policy_id": None,
    }
    return {"group_policy_number": None, "renewal": renewal, "configuration": {"cost_sharing": cost_sharing}}


def _renewal_date(at: WriteContext, start_date: str) -> str:
    start = date.fromisoformat(start_date)
    year, month = divmod(start.year * 12 + start.month - 1 + assumptions_of(at).group_policy_months, 12)
    first = date(year, month + 1, 1)
    # A policy that starts on the 31st is renewed on the last day of a shorter month.
    return min(add_days(first.isoformat(), start.day - 1), add_days(_month_after(first), -1))


def _month_after(first: date) -> str:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1).isoformat()


def list_in_force(at: WriteContext, group_id: str) -> list[Record]:
    """Returns the scheduled and active group policies of a group, oldest first."""
    return list(iter_records(at.space, "group_policies", oldest_first=True, group_id=group_id, status=IN_FORCE))


def default_start_date(at: WriteContext) -> str:
    """Returns the start date of a group policy whose client requested no start date."""
    if assumptions_of(at).group_policy_start == "today":
        return today(at)
    return _month_after(date.fromisoformat(today(at)).replace(day=1))


def cancel(at: WriteContext, record: Record, day: str) -> Record:
    """Cancels a group policy and its policies as of ``day``: now, unless it is in the future and after the start."""
    if day <= today(at) or day <= record["start_date"]:
        record = LIFECYCLE.apply(at, record, "cancel", cancellation_date=day)
    else:
        record = LIFECYCLE.update(at, {**record, "cancellation_date": day})
        publish_group_policy_event(at, "updated", record)
        renewals.cancel_renewal(at, record["id"])
    for policy in policies.iter_in_force(at, group_policy_id=record["id"]):
        policies.cancel(at, policy, day)
    return at.space.get("group_policies", record["id"]) or record


def apply_renewal(at: WriteContext, renewal: Record) -> None:
    """Copies a renewal's state to its group policy and the policies of employees; renewed creates the next policy."""
    record = at.space.get("group_policies", renewal["group_policy_id"])
    assert record is not None
    insurance = record["health_insurance"]
    changed = {**insurance["renewal"], "status": renewal["status"]}
    record = {**record, "health_insurance": {**insurance, "renewal": changed}}
    at.space.put("group_policies", record)
    legacy.mirror_group_policy(at, record)
    publish_group_policy_event(at, _RENEWAL_EVENTS[renewal["status"]], record)
    next_policy = _create_next_policy(at, record, renewal["cost_sharing"]) if renewal["status"] == "renewed" else None
    policies.apply_renewal(at, record, next_policy)


def _create_next_policy(at: WriteContext, record: Record, cost_sharing: Record | None) -> Record:
    """Creates the group policy that starts on the renewal date."""
    group, plan = at.space.get("groups", record["group_id"]), catalog.get_plan(at, record["plan"]["id"])
    assert group is not None
    insurance = record["health_insurance"]
    sharing = cost_sharing or insurance["configuration"]["cost_sharing"]
    day, selections = insurance["renewal"]["renewal_date"], record["_coverage_selections"]
    return create_group_policy(at, group, plan, day, sharing, selections)


def renew(at: WriteContext, record: Record, cost_sharing: Record) -> None:
    """Renews a group policy; if its renewal is already decided, creates the next policy without it."""
    if not renewals.renew(at, record["id"], cost_sharing):
        _create_next_policy(at, record, cost_sharing)


renewals.LISTENERS.append(apply_renewal)
