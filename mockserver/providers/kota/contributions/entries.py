"""What a policy costs whom in a month: the entries of contribution reports, in exact cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from mockserver.engine import At, Record
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog import premiums
from mockserver.providers.kota.legacy.logic import COVER, legacy_id
from mockserver.providers.kota.values.records import later, new_id

SIDES = ("employer", "employee")
_SHOWN_AS = {"policyholder": "policyholder", "spouse": "partner_dependant", "partner": "partner_dependant"}
"""By member type; everybody else is a child_dependant."""
Period = tuple[str, str]
Key = tuple[str, str, str, str, str]
"""What an entry is for: policy, month covered, member, side, category."""


@dataclass(frozen=True, slots=True)
class Due:
    """An amount that one side pays for a member in a month."""

    key: Key
    shown_as: str
    monthly: int
    """For a whole month, in cents."""
    amount: int
    cover: Period


def last_of(month: str) -> str:
    """The last day of the month that begins on a day."""
    return later(following(month), -1)


def following(month: str) -> str:
    """The first day of the next month."""
    first = date.fromisoformat(month)
    return date(first.year + first.month // 12, first.month % 12 + 1, 1).isoformat()


def covered(policy: Record, month: str) -> Period | None:
    """The days of a month that a policy covers, the day it is cancelled not among them; None where there are none."""
    ends = [last_of(month), policy["end_date"]]
    if policy["cancellation_date"] is not None:
        ends.append(later(policy["cancellation_date"], -1))
    first, last = max(month, policy["start_date"]), min(day for day in ends if day is not None)
    return (first, last) if first <= last else None


def dues(at: At, policy: Record, month: str) -> Iterator[Due]:
    """What a policy costs in a month, by the members it has now."""
    cover = covered(policy, month)
    if cover is None:
        return
    plan = catalog.plan(at, policy["plan"]["id"])
    insurance = policy["health_insurance"]
    sharing, selections = insurance["configuration"]["cost_sharing"], policy["_coverage_selections"]
    for share in premiums.shares(plan, sharing, insurance["members"], selections):
        for side in SIDES:
            for category, monthly in _categories(at, getattr(share, side)):
                key = (policy["id"], month, share.member["id"], side, category)
                shown_as = _SHOWN_AS.get(share.member["member_type"], "child_dependant")
                yield Due(key, shown_as, monthly, _of_days(at, monthly, cover, month), cover)


def _categories(at: At, cents: int) -> Iterator[tuple[str, int]]:
    rates = (("tax", assume(at).contribution_tax), ("tax_relief", -assume(at).contribution_tax_relief))
    yield "gross_premium", cents
    for category, rate in rates:
        yield category, _divided(cents * rate, 10_000)


def _of_days(at: At, monthly: int, cover: Period, month: str) -> int:
    """A month's amount for the days of it that are covered."""
    last = last_of(month)
    if assume(at).partial_month == "whole" or cover == (month, last):
        return monthly
    first, until = (date.fromisoformat(day) for day in cover)
    return _divided(monthly * ((until - first).days + 1), int(last[8:]))


def _divided(amount: int, divisor: int) -> int:
    """Rounded to the nearest, halves away from zero."""
    rounded = (2 * abs(amount) + divisor) // (2 * divisor)
    return rounded if amount >= 0 else -rounded


def still_due(at: At, policy: Record, month: str, entries: Iterable[Record]) -> Iterator[Due]:
    """What entries of a past month come to by the days that the policy covers of it now."""
    cover = covered(policy, month)
    for each in entries:
        amount = _of_days(at, each["_monthly"], cover, month) if cover else 0
        period = cover or (each["cover_period"]["from_date"], each["cover_period"]["to_date"])
        yield Due(key_of(each), each["member_type"], each["_monthly"], amount, period)


def key_of(entry: Record) -> Key:
    """What an entry is for."""
    policy, month, member, side, category = entry["_key"]
    return policy, month, member, side, category


def entry_of(at: At, due: Due, reporting_month: str, before: Record | None, corrected: str | None) -> dict[str, Any]:
    """An entry as reports show it, under the id it had before; ``corrected`` is the entry that it adjusts."""
    adjusts = due.key[1] != reporting_month
    return {
        "id": before["id"] if before else new_id(at, "ct"),
        "category": due.key[4],
        "member_type": due.shown_as,
        "adjustment": adjusts,
        "adjustment_for": corrected,
        "amount": premiums.money(due.amount),
        "type": "one_off" if adjusts else "recurring",
        "note": "Changed after the month was reported" if adjusts else None,
        "cover_period": {"from_date": due.cover[0], "to_date": due.cover[1]},
        "policy_id": due.key[0],
        "employee_policy_id": legacy_id(COVER, due.key[0]),
        "reporting_month": reporting_month,
        "_key": list(due.key),
        "_monthly": due.monthly,
        "_cents": due.amount,
    }
