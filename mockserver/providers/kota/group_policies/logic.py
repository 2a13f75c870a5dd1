"""Group policies: what a group's employees are covered by; made by approved intents, ended by date, renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.group_policies import renewals
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.values.records import begins, later, new_id, today
from mockserver.providers.kota.wire.lists import walk

STATES = ("scheduled", "active", "expired", "cancelled")
_RENEWAL_EVENTS = {"open": "renewal.opened", "renewed": "renewal.renewed", "cancelled": "renewal.canceled"}


def tell_group_policy(at: At, what: str, record: Record) -> None:
    """Keep an event about a group policy."""
    ids = {"group_policy_id": record["id"], "group_id": record["group_id"], "employer_id": record["employer_id"]}
    tell(at, f"group_policy.{what}", "group_policy", ids)


def _told(at: At, record: Record) -> None:
    tell_group_policy(at, record["status"], record)
    legacy.employer_policy(at, record)
    if record["status"] not in IN_FORCE:
        renewals.end(at, record["id"])


def _next_due(at: At, record: Record) -> int | None:
    days = [later(record["end_date"], 1), record["cancellation_date"]]
    days += [record["start_date"]] if record["status"] == "scheduled" else []
    ahead = [day for day in days if day is not None and day > today(at)]
    return begins(min(ahead)) if ahead else at.now


def _step_due(moment: Moment, record: Record) -> str | None:
    day, cancelled = today(moment), record["cancellation_date"]
    if cancelled is not None and cancelled <= day:
        return "cancel"
    if record["end_date"] < day:
        return "expire"
    return "activate" if record["status"] == "scheduled" and record["start_date"] <= day else None


def _activate(at: At, record: dict[str, Any]) -> None:
    insurance = record["health_insurance"]
    number = insurance["group_policy_number"] or f"G{at.space.bump('group_policy_number'):07d}"
    record["health_insurance"] = {**insurance, "group_policy_number": number}


def _cancel(at: At, record: dict[str, Any]) -> None:
    record["cancellation_date"] = record["cancellation_date"] or today(at)


LIFECYCLE: Lifecycle = Lifecycle(
    "group_policy",
    "group_policies",
    steps=(
        Step("activate", ("scheduled",), "active"),
        Step("expire", ("scheduled", "active"), "expired"),
        Step("cancel", ("scheduled", "active"), "cancelled"),
    ),
    timed=(Timed("scheduled", _next_due, _step_due), Timed("active", _next_due, _step_due)),
    entering={"active": _activate, "cancelled": _cancel},
    entered=_told,
)


def create_group_policy(
    at: At,
    group: Record,
    plan: Record,
    start_date: str,
    cost_sharing: Record,
    selections: Sequence[Record] | None = None,
) -> Record:
    """Make the policy of a group, with the options selected for it, which readies the group for enrolments."""
    bundled = any(each["plan"]["id"] != plan["id"] for each in in_force(at, group["id"]))
    record = {**_new(at, group, plan, start_date, cost_sharing), "_coverage_selections": selections}
    made = LIFECYCLE.begin(at, record, _first_state(at, record))
    if made["status"] in IN_FORCE:
        renewals.begin(at, made)
    groups.insure(at, group["id"], made["id"], bundled=bundled)
    memberships.review_group(at, group["id"])
    return made


def _new(at: At, group: Record, plan: Record, start_date: str, cost_sharing: Record) -> dict[str, Any]:
    return {
        "object": "group_policy",
        "id": new_id(at, "gp"),
        "group_id": group["id"],
        "employer_id": group["employer_id"],
        "start_date": start_date,
        "end_date": later(_renewal_date(at, start_date), -1),
        "cancellation_date": None,
        "type": "health_insurance",
        "provider": catalog.policy_provider(plan),
        "plan": catalog.policy_plan(plan),
        "health_insurance": _health_insurance(at, _renewal_date(at, start_date), cost_sharing),
        "disclosures": catalog.disclosures(plan),
    }


def _first_state(at: At, record: Record) -> str:
    if record["end_date"] < today(at):
        return "expired"
    return "scheduled" if record["start_date"] > today(at) else "active"


def _health_insurance(at: At, renewal_date: str, cost_sharing: Record) -> dict[str, Any]:
    given = assume(at)
    renewal = {
        "renewal_date": renewal_date,
        "window_start_date": later(renewal_date, -given.renewal_opens),
        "window_end_date": later(renewal_date, -given.renewal_closes),
        "status": "upcoming",
        "renewed_policy_id": None,
    }
    return {"group_policy_number": None, "renewal": renewal, "configuration": {"cost_sharing": cost_sharing}}


def _renewal_date(at: At, start_date: str) -> str:
    start = date.fromisoformat(start_date)
    year, month = divmod(start.year * 12 + start.month - 1 + assume(at).group_policy_months, 12)
    first = date(year, month + 1, 1)
    # A start on the 31st is renewed on the last day that a shorter month has.
    return min(later(first.isoformat(), start.day - 1), later(_month_after(first), -1))


def _month_after(first: date) -> str:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1).isoformat()


def in_force(at: At, group_id: str) -> list[Record]:
    """The policies of a group that are scheduled or active, the oldest first."""
    return list(walk(at.space, "group_policies", oldest_first=True, group_id=group_id, status=IN_FORCE))


def first_day(at: At) -> str:
    """When a policy starts for which no start was asked."""
    if assume(at).group_policy_start == "today":
        return today(at)
    return _month_after(date.fromisoformat(today(at)).replace(day=1))


def cancel(at: At, record: Record, day: str) -> Record:
    """End a group policy, and the policies under it, on a day: at once when the day is not ahead."""
    if day <= today(at) or day <= record["start_date"]:
        record = LIFECYCLE.take(at, record, "cancel", cancellation_date=day)
    else:
        record = LIFECYCLE.keep(at, {**record, "cancellation_date": day})
        tell_group_policy(at, "updated", record)
        renewals.end(at, record["id"])
    for policy in policies.in_force(at, group_policy_id=record["id"]):
        policies.cancel(at, policy, day)
    return at.space.get("group_policies", record["id"]) or record


def follow_renewal(at: At, renewal: Record) -> None:
    """Show how the renewal of a group policy stands; one that is renewed gets the policy that follows it."""
    record = at.space.get("group_policies", renewal["group_policy_id"])
    assert record is not None
    insurance = record["health_insurance"]
    shown = {**insurance["renewal"], "status": renewal["status"]}
    record = {**record, "health_insurance": {**insurance, "renewal": shown}}
    at.space.put("group_policies", record)
    legacy.employer_policy(at, record)
    tell_group_policy(at, _RENEWAL_EVENTS[renewal["status"]], record)
    following = _follow(at, record, renewal["cost_sharing"]) if renewal["status"] == "renewed" else None
    policies.follow_renewal(at, record, following)


def _follow(at: At, record: Record, cost_sharing: Record | None) -> Record:
    """Make the policy that follows one at its renewal date."""
    group, plan = at.space.get("groups", record["group_id"]), catalog.plan(at, record["plan"]["id"])
    assert group is not None
    insurance = record["health_insurance"]
    sharing = cost_sharing or insurance["configuration"]["cost_sharing"]
    day, selections = insurance["renewal"]["renewal_date"], record["_coverage_selections"]
    return create_group_policy(at, group, plan, day, sharing, selections)


def renew(at: At, record: Record, cost_sharing: Record) -> None:
    """Have another policy follow a group policy, even where its renewal was declined."""
    if not renewals.renew(at, record["id"], cost_sharing):
        _follow(at, record, cost_sharing)


renewals.MOVED.append(follow_renewal)
