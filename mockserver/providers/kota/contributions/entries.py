"""Entries of contribution reports: what each side pays for a policy in a month, in exact cents."""

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
"""By member type; every other member type is reported as child_dependant."""
DateRange = tuple[str, str]
EntryKey = tuple[str, str, str, str, str]
"""Policy, covered month, member, side, category."""


@dataclass(frozen=True, slots=True)
class DueAmount:
    """An amount in cents that one side pays for a member in a month."""

    key: EntryKey
    reported_member_type: str
    monthly: int
    """The amount for a whole month, in cents."""
    amount: int
    cover: DateRange


def last_day_of_month(month: str) -> str:
    """Returns the last day of the month; ``month`` is its first day."""
    return add_days(next_month(month), -1)


def next_month(month: str) -> str:
    """Returns the first day of the following month."""
    first = date.fromisoformat(month)
    return date(first.year + first.month // 12, first.month % 12 + 1, 1).isoformat()


def covered_days(policy: Record, month: str) -> DateRange | None:
    """Returns first and last day of the month that a policy covers, or None; the cancellation date is not covered."""
    ends = [last_day_of_month(month), policy["end_date"]]
    if policy["cancellation_date"] is not None:
        ends.append(add_days(policy["cancellation_date"], -1))
    first, last = max(month, policy["start_date"]), min(day for day in ends if day is not None)
    return (first, last) if first <= last else None


def due_amounts(at: WriteContext, policy: Record, month: str) -> Iterator[DueAmount]:
    """Yields what a policy costs in a month with its current members."""
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
    """Returns the part of a monthly amount for the covered days."""
    last = last_day_of_month(month)
    if assumptions_of(at).partial_month == "whole" or cover == (month, last):
        return monthly
    first, until = (date.fromisoformat(day) for day in cover)
    return _divide_rounded(monthly * ((until - first).days + 1), int(last[8:]))


def _divide_rounded(amount: int, divisor: int) -> int:
    """Rounds to the nearest integer, halves away from zero."""
    rounded = (2 * abs(amount) + divisor) // (2 * divisor)
    return rounded if amount >= 0 else -rounded


def recompute_due_amounts(
    at: WriteContext, policy: Record, month: str, entries: Iterable[Record]
) -> Iterator[DueAmount]:
    """Yields the amounts of a past month's entries for the days of it that the policy covers now."""
    cover = covered_days(policy, month)
    for each in entries:
        amount = _prorate(at, each["_monthly"], cover, month) if cover else 0
        period = cover or (each["cover_period"]["from_date"], each["cover_period"]["to_date"])
        yield DueAmount(entry_key(each), each["member_type"], each["_monthly"], amount, period)


def entry_key(entry: Record) -> EntryKey:
    policy, month, member, side, category = entry["_key"]
    return policy, month, member, side, category


def render_entry(
    at: WriteContext, due: DueAmount, reporting_month: str, before: Record | None, corrected: str | None
) -> dict[str, Any]:
    """Returns an entry as reports show it.

    It has the id of ``before``, the entry that it replaces, if there is one. ``corrected`` is the id of the entry that
    it adjusts.
    """
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
