"""Computes the entries of contribution reports: what each side pays for a policy in a month, in exact cents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog import premiums
from mockserver.providers.kota.legacy.logic import EMPLOYEE_POLICY, legacy_id
from mockserver.providers.kota.values.records import add_days, new_id

SIDES = ("employer", "employee")
_REPORTED_MEMBER_TYPES = {"policyholder": "policyholder", "spouse": "partner_dependant", "partner": "partner_dependant"}
"""The reported member type by member type; every other member type is reported as child_dependant."""
DateRange = tuple[str, str]
"""The first and the last day."""


class EntryKey(NamedTuple):
    """Identifies an amount; entries with the same key are the amount and its adjustments."""

    policy_id: str
    month: str
    """The first day of the covered month."""
    member_id: str
    side: str
    category: str


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
    """Returns the days of the month that a policy covers, or None. The cancellation date is not covered."""
    ends = [last_day_of_month(month), policy["end_date"]]
    if policy["cancellation_date"] is not None:
        ends.append(add_days(policy["cancellation_date"], -1))
    first, last = max(month, policy["start_date"]), min(day for day in ends if day is not None)
    return (first, last) if first <= last else None


def due_amounts(at: WriteContext, policy: Record, month: str) -> Iterator[DueAmount]:
    """Yields the amounts of a policy in a month for its current members."""
    cover = covered_days(policy, month)
    if cover is None:
        return
    plan = catalog.get_plan(at, policy["plan"]["id"])
    insurance = policy["health_insurance"]
    sharing, selections = insurance["configuration"]["cost_sharing"], policy["_coverage_selections"]
    for share in premiums.split_premium(plan, sharing, insurance["members"], selections):
        for side in SIDES:
            for category, monthly in _split_into_categories(at, getattr(share, side)):
                key = EntryKey(policy["id"], month, share.member["id"], side, category)
                reported_member_type = _REPORTED_MEMBER_TYPES.get(share.member["member_type"], "child_dependant")
                yield DueAmount(key, reported_member_type, monthly, _prorate(at, monthly, cover, month), cover)


def _split_into_categories(at: WriteContext, cents: int) -> Iterator[tuple[str, int]]:
    rates = (("tax", assumptions_of(at).contribution_tax), ("tax_relief", -assumptions_of(at).contribution_tax_relief))
    yield "gross_premium", cents
    for category, rate in rates:
        yield category, _divide_rounded(cents * rate, 10_000)


def _prorate(at: WriteContext, monthly: int, cover: DateRange, month: str) -> int:
    """Returns the part of a monthly amount that the covered days cost."""
    last = last_day_of_month(month)
    if assumptions_of(at).partial_month == "whole" or cover == (month, last):
        return monthly
    first, until = (date.fromisoformat(day) for day in cover)
    return _divide_rounded(monthly * ((until - first).days + 1), int(last[8:]))


def _divide_rounded(amount: int, divisor: int) -> int:
    """Divides and rounds to the nearest integer; halves are rounded away from zero."""
    rounded = (2 * abs(amount) + divisor) // (2 * divisor)
    return rounded if amount >= 0 else -rounded


def recompute_due_amounts(
    at: WriteContext, policy: Record, month: str, entries: Iterable[Record]
) -> Iterator[DueAmount]:
    """Yields the amounts of a past month's entries, computed again for the days that the policy covers now."""
    cover = covered_days(policy, month)
    for each in entries:
        amount = _prorate(at, each["_monthly"], cover, month) if cover else 0
        period = cover or (each["cover_period"]["from_date"], each["cover_period"]["to_date"])
        yield DueAmount(entry_key(each), each["member_type"], each["_monthly"], amount, period)


def entry_key(entry: Record) -> EntryKey:
    return EntryKey(*entry["_key"])


def render_entry(
    at: WriteContext, due: DueAmount, reporting_month: str, replaced: Record | None, corrected_id: str | None
) -> dict[str, Any]:
    """Returns an entry of the report of ``reporting_month``.

    The entry has the id of the entry that it replaces, else a new id. ``corrected_id`` is the id of the entry that it
    adjusts.
    """
    adjusts = due.key.month != reporting_month
    return {
        "id": replaced["id"] if replaced else new_id(at, "ct"),
        "category": due.key.category,
        "member_type": due.reported_member_type,
        "adjustment": adjusts,
        "adjustment_for": corrected_id,
        "amount": premiums.to_amount(due.amount),
        "type": "one_off" if adjusts else "recurring",
        "note": "Changed after the month was reported" if adjusts else None,
        "cover_period": {"from_date": due.cover[0], "to_date": due.cover[1]},
        "policy_id": due.key.policy_id,
        "employee_policy_id": legacy_id(EMPLOYEE_POLICY, due.key.policy_id),
        "reporting_month": reporting_month,
        "_key": list(due.key),
        "_monthly": due.monthly,
        "_cents": due.amount,
    }
