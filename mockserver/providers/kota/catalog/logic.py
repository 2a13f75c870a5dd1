"""Premiums of plans, and the parts of plans that policies show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.values.records import find_record

_PRICED_AS = {"adult_dependant": ("young_adult", "adult"), "child": ("child",)}
"""By member type: the price codes to try in order; every other member type has the price adult."""
_PARTNERS, _DEPENDANTS = {"spouse", "partner"}, {"adult_dependant", "child"}
_TIERS = {
    (False, False): "single",
    (True, False): "couple",
    (False, True): "single_parent",
    (True, True): "family",
}
"""By (has a partner, has dependants)."""


def plan(at: WriteContext, id: str) -> Record:
    """Returns a plan that is known to exist."""
    record = find_record(at, "plan", id)
    assert record is not None, "plans are never deleted"
    return record


def monthly_premium(plan: Record, types: Iterable[str]) -> int:
    """Returns the monthly premium for members of these types, without options, in cents."""
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
    """Converts an amount with two decimals to cents."""
    return round(amount * 100)


def currency(plan: Record) -> str:
    """Returns the currency of the plan's prices, in lower case."""
    pricing = plan["health_insurance"]["pricing"]
    return str(pricing[pricing["type"]]["currency"])


def policy_provider(plan: Record) -> dict[str, Any]:
    """Returns the plan's provider as policies show it, with its portals."""
    return {**plan["provider"], **plan["_portals"]}


def policy_plan(plan: Record) -> dict[str, Any]:
    """Returns the plan as policies show it."""
    copied = {name: plan[name] for name in ("id", "name", "description", "documents")}
    return {**copied, "currency": currency(plan)}


def disclosures(plan: Record) -> list[dict[str, Any]]:
    return list(plan["disclosures"])
