"""Computes premiums of plans, and renders the parts of plans that policies have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.values.records import find_record

_PRICED_AS = {"adult_dependant": ("young_adult", "adult"), "child": ("child",)}
"""The price codes of a member type; the first that the plan has counts. Every other member type has the price adult."""
_PARTNERS, _DEPENDANTS = {"spouse", "partner"}, {"adult_dependant", "child"}
_TIERS = {
    (False, False): "single",
    (True, False): "couple",
    (False, True): "single_parent",
    (True, True): "family",
}
"""The tier of a family by whether it has a partner, and whether it has dependants."""


def get_plan(at: WriteContext, id: str) -> Record:
    """Returns the plan with this id, which must exist."""
    record = find_record(at, "plan", id)
    assert record is not None, "plans are never deleted"
    return record


def monthly_premium(plan: Record, types: Iterable[str]) -> int:
    """Returns the monthly premium for members of these types, without options, in cents."""
    pricing = plan["health_insurance"]["pricing"]
    if pricing["type"] == "tier_based":
        return _tier_premium(pricing["tier_based"], set(types))
    prices = {each["code"]: to_cents(each["monthly_premium"]) for each in pricing["per_member"]["member_type_pricing"]}
    return sum(_price(prices, type) for type in types)


def _tier_premium(pricing: Record, types: set[str]) -> int:
    code = _TIERS[bool(types & _PARTNERS), bool(types & _DEPENDANTS)]
    return next(to_cents(tier["monthly_premium"]) for tier in pricing["tiers"] if tier["code"] == code)


def _price(prices: Mapping[str, int], type: str) -> int:
    return next(prices[code] for code in _PRICED_AS.get(type, ("adult",)) if code in prices)


def to_cents(amount: float) -> int:
    """Converts an amount with two decimals to cents."""
    return round(amount * 100)


def get_currency(plan: Record) -> str:
    """Returns the currency of the plan's prices, in lower case."""
    pricing = plan["health_insurance"]["pricing"]
    return str(pricing[pricing["type"]]["currency"])


def render_policy_provider(plan: Record) -> dict[str, Any]:
    """Returns the plan's provider in the form that it has in policies, with its portals."""
    return {**plan["provider"], **plan["_portals"]}


def render_policy_plan(plan: Record) -> dict[str, Any]:
    """Returns the plan in the form that it has in policies."""
    copied = {name: plan[name] for name in ("id", "name", "description", "documents")}
    return {**copied, "currency": get_currency(plan)}


def disclosures(plan: Record) -> list[dict[str, Any]]:
    return list(plan["disclosures"])
