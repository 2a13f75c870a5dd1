"""Computes premiums in exact cents, per month and for the term, and splits them between employer and employee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from mockserver.engine import Record
from mockserver.providers.kota.catalog import coverage
from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.members import PARTNERS

_ORDER = ("policyholder", *PARTNERS, "adult_dependant", "child")
"""The order in which members are charged."""
_BY_FAMILY = {
    "single": (),
    "couple": PARTNERS,
    "single_with_children": ("adult_dependant", "child"),
    "family": _ORDER,
}


@dataclass(frozen=True, slots=True)
class PremiumShare:
    """The monthly premium of one member, and the part that the employer pays, in cents."""

    member: Record
    total: int
    employer: int

    @property
    def employee(self) -> int:
        """The part that the employee pays, in cents."""
        return self.total - self.employer


def split_premium(
    plan: Record, sharing: Record, members: Sequence[Record], policy_selections: Any = None
) -> list[PremiumShare]:
    """Returns the monthly premium of each member and the employer's part of it, the policyholder first.

    With prices by tier, a member costs the difference between the tiers with and without that member. The options that
    are selected for the policy are a part of the policyholder's premium.
    """
    ordered = sorted(members, key=lambda member: _ORDER.index(member["member_type"]))
    types = [member["member_type"] for member in ordered]
    cumulative = [0, *(monthly_premium(plan, types[: count + 1]) for count in range(len(types)))]
    costs = [after - before for before, after in pairwise(cumulative)]
    options = [coverage.monthly_price(plan, member.get("_coverage_selections")) for member in ordered]
    options[0] += coverage.monthly_price(plan, policy_selections)
    totals = [cost + option for cost, option in zip(costs, options, strict=True)]
    if sharing["type"] == "percentage":
        return _by_percentage(ordered, totals, sharing["percentage"]["percentage"])
    paid = _paid_members(sharing, ordered)
    return [
        PremiumShare(member, total, total * pays) for member, total, pays in zip(ordered, totals, paid, strict=True)
    ]


def _by_percentage(members: Sequence[Record], totals: Sequence[int], percentage: int) -> list[PremiumShare]:
    """Rounds the sums of the first members instead of each amount, so that the amounts add up to the rounded total."""
    result, before = [], 0
    for count, (member, total) in enumerate(zip(members, totals, strict=True), start=1):
        cumulative = _divide_rounded(sum(totals[:count]) * percentage, 100)
        result.append(PremiumShare(member, total, cumulative - before))
        before = cumulative
    return result


def _paid_members(sharing: Record, members: Sequence[Record]) -> list[bool]:
    """Returns for each member whether the employer pays, for every type of cost sharing except percentage."""
    if sharing["type"] == "member_count":
        return _paid_by_count(sharing["member_count"], members)
    types = _paid_member_types(sharing)
    return [member["member_type"] == "policyholder" or member["member_type"] in types for member in members]


def _paid_member_types(sharing: Record) -> tuple[str, ...]:
    if sharing["type"] == "family_type":
        return _BY_FAMILY[sharing["family_type"]["type"]]
    if sharing["type"] == "member_selection":
        chosen: Mapping[str, bool] = sharing["member_selection"]
        return (PARTNERS if chosen["partner"] else ()) + (("child",) if chosen["children"] else ())
    return ()


def _paid_by_count(counts: Mapping[str, int], members: Sequence[Record]) -> list[bool]:
    remaining = dict(counts)
    result = []
    for member in members:
        kind = "children" if member["member_type"] == "child" else "adults"
        remaining[kind] -= 1
        result.append(remaining[kind] >= 0)
    return result


def amount_for_term(cents: int, start: str, renewal: str) -> int:
    """Returns the sum of a monthly amount from start to renewal, in cents; a partial month counts by its days."""
    begin, end = date.fromisoformat(start), date.fromisoformat(renewal)
    whole = max((end.year - begin.year) * 12 + end.month - begin.month - (end.day < begin.day), 0)
    reached = _months_after(begin, whole)
    following = _months_after(begin, whole + 1)
    days = max((end - reached).days, 0)
    return cents * whole + _divide_rounded(cents * days, (following - reached).days)


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last))


def _divide_rounded(amount: int, divisor: int) -> int:
    return (2 * amount + divisor) // (2 * divisor)


def to_amount(cents: int) -> float:
    """Converts cents to an amount in a response."""
    return round(cents / 100, 2)


def render_estimate(currency: str, parts: Sequence[PremiumShare], start: str, renewal: str) -> dict[str, Any]:
    """Returns the estimated gross premium of a policy for a response."""
    employer, total = sum(each.employer for each in parts), sum(each.total for each in parts)
    term = amount_for_term(employer, start, renewal), amount_for_term(total, start, renewal)
    return {"currency": currency, "monthly": _amounts(employer, total), "term": _amounts(*term)}


def _amounts(employer: int, total: int) -> dict[str, float]:
    return {
        "employee_contribution": to_amount(total - employer),
        "employer_contribution": to_amount(employer),
        "total": to_amount(total),
    }
