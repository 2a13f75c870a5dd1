"""The catalog: what plans cost, and the forms in which policies show them and their providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.values.records import find_record

_PRICED_AS = {"adult_dependant": ("young_adult", "adult"), "child": ("child",)}
"""By member type: the prices that count, the first that the plan has; everybody else is an adult."""
_PARTNERS, _DEPENDANTS = {"spouse", "partner"}, {"adult_dependant", "child"}
_TIERS = {
    (False, False): "single",
    (True, False): "couple",
    (False, True): "single_parent",
    (True, True): "family",
}
"""By (has a partner, has dependants)."""


def plan(at: WriteContext, id: str) -> Record:
    """The plan of an id that is known to exist."""
    record = find_record(at, "plan", id)
    assert record is not None, "plans are never deleted"
    return record


def monthly_premium(plan: Record, types: Iterable[str]) -> int:
    """What a plan costs in a month for members of these types, in cents, without any options."""
    pricing = plan["health_insurance"]["pricing"]
    if pricing["type"] == "tier_based":
        return _tier_premium(pricing["tier_based"], set(types))
    prices = {each["code"]: cents(each["monthly_premium"]) for each in pricing["per_member"]["member_type_pricing"]}
    return sum(_price(prices, type) for type in types)


def _tier_premium(pricing: Record, types: set[str]) -> int:
    code = _TIERS[bool(types & _PARTNERS), bool(types & _DEPENDANTS)]
    return next(cents(tier["monthly_premium"]) for tier in pricing["tiers"] if tier["code"] == code)


def _price(prices: Mapping[str, int], type: str) -> int:
    return next(prices[code] for code in _PRICED_AS.get(type, ("adult",)) if code in prices)


def cents(amount: float) -> int:
    """An amount with two decimals as whole cents."""
    return round(amount * 100)


def currency(plan: Record) -> str:
    """The currency of a plan's prices, in lower case."""
    pricing = plan["health_insurance"]["pricing"]
    return str(pricing[pricing["type"]]["currency"])


def policy_provider(plan: Record) -> dict[str, Any]:
    """A plan's provider as policies show it."""
    return {**plan["provider"], **plan["_portals"]}


def policy_plan(plan: Record) -> dict[str, Any]:
    """A plan as policies show it."""
    shown = {name: plan[name] for name in ("id", "name", "description", "documents")}
    return {**shown, "currency": currency(plan)}


def disclosures(plan: Record) -> list[dict[str, Any]]:
    """What has to be disclosed about a plan."""
    return list(plan["disclosures"])
