"""What a policy costs whom in a month: the entries of contribution reports, in exact cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog import premiums
from mockserver.providers.kota.legacy.logic import EMPLOYEE_POLICY, legacy_id
from mockserver.providers.kota.values.records import add_days, new_id

SIDES = ("employer", "employee")
_REPORTED_MEMBER_TYPES = {"policyholder": "policyholder", "spouse": "partner_dependant", "partner": "partner_dependant"}
"""By member type; everybody else is a child_dependant."""
DateRange = tuple[str, str]
EntryKey = tuple[str, str, str, str, str]
"""What an entry is for: policy, month covered, member, side, category."""


@dataclass(frozen=True, slots=True)
class DueAmount:
    """An amount that one side pays for a member in a month."""

    key: EntryKey
    reported_member_type: str
    monthly: int
    """For a whole month, in cents."""
    amount: int
    cover: DateRange


def last_day_of_month(month: str) -> str:
    """The last day of the month that begins on a day."""
    return add_days(next_month(month), -1)


def next_month(month: str) -> str:
    """The first day of the next month."""
    first = date.fromisoformat(month)
    return date(first.year + first.month // 12, first.month % 12 + 1, 1).isoformat()


def covered_days(policy: Record, month: str) -> DateRange | None:
    """The days of a month that a policy covers, the day it is cancelled not among them; None where there are none."""
    ends = [last_day_of_month(month), policy["end_date"]]
    if policy["cancellation_date"] is not None:
        ends.append(add_days(policy["cancellation_date"], -1))
    first, last = max(month, policy["start_date"]), min(day for day in ends if day is not None)
    return (first, last) if first <= last else None


def due_amounts(at: WriteContext, policy: Record, month: str) -> Iterator[DueAmount]:
    """What a policy costs in a month, by the members it has now."""
    cover = covered_days(policy, month)
    if cover is None:
        return
    plan = catalog.plan(at, policy["plan"]["id"])
    insurance = policy["health_insurance"]
    sharing, selections = insurance["configuration"]["cost_sharing"], policy["_coverage_selections"]
    for share in premiums.split_premium(plan, sharing, insurance["members"], selections):
        for side in SIDES:
            for category, monthly in _categories(at, getattr(share, side)):
                key = (policy["id"], month, share.member["id"], side, category)
                reported_member_type = _REPORTED_MEMBER_TYPES.get(share.member["member_type"], "child_dependant")
                yield DueAmount(key, reported_member_type, monthly, _prorate(at, monthly, cover, month), cover)


def _categories(at: WriteContext, cents: int) -> Iterator[tuple[str, int]]:
    rates = (("tax", assumptions_of(at).contribution_tax), ("tax_relief", -assumptions_of(at).contribution_tax_relief))
    yield "gross_premium", cents
    for category, rate in rates:
        yield category, _divide_rounded(cents * rate, 10_000)


def _prorate(at: WriteContext, monthly: int, cover: DateRange, month: str) -> int:
    """A month's amount for the days of it that are covered."""
    last = last_day_of_month(month)
    if assumptions_of(at).partial_month == "whole" or cover == (month, last):
        return monthly
    first, until = (date.fromisoformat(day) for day in cover)
    return _divide_rounded(monthly * ((until - first).days + 1), int(last[8:]))


def _divide_rounded(amount: int, divisor: int) -> int:
    """Rounded to the nearest, halves away from zero."""
    rounded = (2 * abs(amount) + divisor) // (2 * divisor)
    return rounded if amount >= 0 else -rounded


def recompute_due_amounts(
    at: WriteContext, policy: Record, month: str, entries: Iterable[Record]
) -> Iterator[DueAmount]:
    """What entries of a past month come to by the days that the policy covers of it now."""
    cover = covered_days(policy, month)
    for each in entries:
        amount = _prorate(at, each["_monthly"], cover, month) if cover else 0
        period = cover or (each["cover_period"]["from_date"], each["cover_period"]["to_date"])
        yield DueAmount(entry_key(each), each["member_type"], each["_monthly"], amount, period)


def entry_key(entry: Record) -> EntryKey:
    """What an entry is for."""
    policy, month, member, side, category = entry["_key"]
    return policy, month, member, side, category


def render_entry(
    at: WriteContext, due: DueAmount, reporting_month: str, before: Record | None, corrected: str | None
) -> dict[str, Any]:
    """An entry as reports show it, under the id it had before; ``corrected`` is the entry that it adjusts."""
    adjusts = due.key[1] != reporting_month
    return {
        "id": before["id"] if before else new_id(at, "ct"),
        "category": due.key[4],
        "member_type": due.reported_member_type,
        "adjustment": adjusts,
        "adjustment_for": corrected,
        "amount": premiums.money(due.amount),
        "type": "one_off" if adjusts else "recurring",
        "note": "Changed after the month was reported" if adjusts else None,
        "cover_period": {"from_date": due.cover[0], "to_date": due.cover[1]},
        "policy_id": due.key[0],
        "employee_policy_id": legacy_id(EMPLOYEE_POLICY, due.key[0]),
        "reporting_month": reporting_month,
        "_key": list(due.key),
        "_monthly": due.monthly,
        "_cents": due.amount,
    }
