"""Offers and policies as they are shown: one record, the same id, two views; and the event that tells of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mockserver.engine import Call, Moment, Problem, Randomness, Record, emit, iso
from mockserver.providers.kasko.assumptions import assume
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products.catalog import Product
from mockserver.providers.kasko.products.pricing import midnight
from mockserver.providers.kasko.products.rules import read_date
from mockserver.providers.kasko.wire.auth import HEX, livemode
from mockserver.providers.kasko.wire.dialect import foreign, missing

POLICIES = "policies"
_UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = ("id", "insurer_policy_id", "first_name", "last_name", "email", "language", "metadata")
_CANCELLED = ("cancellation_reason", "cancelled_by", "cancelled_at")
_EMPTY = ("distributor_traffic_source", "referrer_url", "whitelisted_referrer_url", "linked_policy_id")


def when(instant: int) -> str:
    """An instant with its offset: `2019-12-31T23:00:00+00:00`."""
    return f"{iso(instant, digits=0)[:-1]}+00:00"


def base(call: Call) -> str:
    """What stands before a path in a link."""
    return f"{call.origin}{call.mount}"


def found(call: Call, what: str = "Policy") -> Record:
    """The record the path names, in the mode of the key; 404 for everyone else's."""
    record = call.space.get(POLICIES, call.args["id"])
    if record is None:
        raise missing(what)
    if record["live"] != livemode(call):
        raise foreign(call, what)
    return record


def identity(randomness: Randomness, purpose: str, nth: int, live: bool, product: Product) -> dict[str, str]:
    """The ids of a new offer."""

    def id(prefix: str) -> str:
        return prefix + randomness.text(f"{purpose}:{prefix}", nth, 28, HEX)

    return {
        "id": id("lpol_" if live else "tpol_"),
        "version_id": id("ver_"),
        "customer_id": id("cus_"),
        "insurer_policy_id": f"{product.policy_prefix}-{randomness.text(f'{purpose}:number', nth, 7, _UPPER)}",
    }


def old_id(randomness: Randomness, nth: int, live: bool, *, prefixed: bool) -> str:
    """The id of a policy in the first version of the API: 33 letters and digits without a pattern."""
    first = randomness.text("offer:v1:first", nth, 1, LETTERS)
    return (("l" if live else "t") if prefixed else first) + randomness.text("offer:v1", nth, 32, LETTERS)


def quoted(quote: dict[str, Any]) -> dict[str, Any]:
    """What an offer keeps of a quote."""
    names = ("item", "plan", "integration", "product_version", "integration_version", "input", "premium", "term")
    return {**{name: quote[name] for name in names}, "quoted_at": quote["at"]}


def php(fields: dict[str, Any]) -> Any:
    """An object as PHP writes it: a list when it is empty."""
    return fields or []


def _links(record: Record, product: Product, at: str) -> dict[str, Any]:
    return {
        "_self": {"href": f"{at}/policies/{record['id']}"},
        "item": {"href": f"{at}/items/{product.item_id}"},
        "touchpoint": {"href": f"{at}/touchpoints/{record['quote']['integration']}"},
    }


def _quote(record: Record, product: Product) -> dict[str, Any]:
    quote = record["quote"]
    plan = product.plan(quote["plan"])
    return {
        "version": 2,
        "customer_input": quote["input"],
        "touchpoint_id": quote["integration"],
        "item_id": quote["item"],
        "subscription_plan_id": quote["plan"],
        "gross_payment_amount": quote["premium"]["gross_premium"],
        "payment_data": quote["premium"],
        "data": [],
        "duration_strategy": product.duration.strategy,
        "duration_data": quote["term"],
        "billing_cycles": plan.billing_cycles if plan else 1,
        "quote_created_at": when(quote["quoted_at"]),
    }


def _common(record: Record, product: Product, at: str) -> dict[str, Any]:
    quote = record["quote"]
    return {
        **{name: record[name] for name in _PLAIN},
        "version_id": record["version_id"],
        "distributor_id": product.distributor_id,
        "insurer_id": product.insurer_id,
        "item_id": quote["item"],
        "product_id": product.product_id,
        "product_version_id": quote["product_version"],
        "touchpoint_id": quote["integration"],
        "integration_version_id": quote["integration_version"],
        "subscription_plan_id": quote["plan"],
        "currency": product.currency,
        "quote": _quote(record, product),
        "data": php(record["data"]),
        **{name: record[name] for name in (*_CANCELLED, *_EMPTY)},
        "media": record["media"],
        "assets": _assets(record, at),
    }


def _assets(record: Record, at: str) -> list[dict[str, Any]]:
    if record["issued_at"] is None:
        return []
    link = f"{at}/assets/{record['id']}/policy.pdf"
    attached = when(record["issued_at"])
    return [
        {
            "name": "policy",
            "extension": "pdf",
            "url": link,
            "designation": "policy",
            "attachment_date": attached,
            "version": 1,
        }
    ]


def show_offer(call: Call, record: Record) -> dict[str, Any]:
    """An offer as GET /offers/{id} shows it; the payment token is there once it may be paid."""
    product = products.of(call, record["quote"]["item"])
    token = {} if record["payment_token"] is None else {"payment_token": record["payment_token"]}
    return {
        **_common(record, product, base(call)),
        "flow": record["flow"],
        "status": assume(call).paid_offer if record["offer_status"] == "accepted" else record["offer_status"],
        **token,
        "accepted_at": None if record["accepted_at"] is None else when(record["accepted_at"]),
        "created_at": when(record["created_at"]),
        "_links": _links(record, product, base(call)),
    }


def show_policy(call: Call, record: Record) -> dict[str, Any]:
    """A policy as GET /policies/{id} shows it."""
    product = products.of(call, record["quote"]["item"])
    dates = _dates(record, product)
    organizations = {
        "distributor": {"href": f"{base(call)}/distributors/{product.distributor_id}"},
        "insurer": {"href": f"{base(call)}/insurers/{product.insurer_id}"},
    }
    return {
        **_common(record, product, base(call)),
        "customer_id": record["customer_id"],
        "distributor_key": None,
        "insurer_external_policy_id": None,
        "expired": _has_expired(dates, call.now),
        **dates,
        "status": record["policy_status"] or "pending",
        "deleted_at": None,
        "deleted_by": "",
        "is_locked": False,
        "localized_dates": {**_localized(dates, product), "time_zone": product.time_zone},
        "_links": {**_links(record, product, base(call)), **organizations},
    }


def _dates(record: Record, product: Product) -> dict[str, str | None]:
    term, termination = record["quote"]["term"], record["termination_date"]
    return {
        "policy_created_date": when(record["issued_at"] or record["created_at"]),
        "start_date": term["policy_start_date"],
        "end_date": term["policy_end_date"],
        "termination_date": None if termination is None else midnight(read_date(termination), product),
    }


def _has_expired(dates: dict[str, str | None], now: int) -> bool:
    ends = [end for end in (dates["end_date"], dates["termination_date"]) if end is not None]
    return any(end <= when(now) for end in ends)


def _localized(dates: dict[str, str | None], product: Product) -> dict[str, str | None]:
    zone = ZoneInfo(product.time_zone)
    return {name: at and datetime.fromisoformat(at).astimezone(zone).isoformat() for name, at in dates.items()}


def tell_update(at: Call | Moment, record: Record) -> None:
    """Keep the event that a policy has changed."""
    tell(at, assume(at).updated_event, record)


def tell(at: Call | Moment, type: str, record: Record) -> None:
    """Keep the event that webhooks carry: the object itself, where `policy_id` is the insurer's number."""
    product = products.find(at, record["quote"]["item"])
    if product is None:
        raise Problem("not_found", "The policy's product is gone.")
    dates, premium = _dates(record, product), record["quote"]["premium"]
    # Nobody has called about a seeded record that only simulations have touched: its links leave out the host.
    place = record["base"] or ""
    assets = [{**{name: each[name] for name in ("designation", "name", "extension")}, "href": each["url"]}
              for each in _assets(record, place)]  # fmt: skip
    data = {
        "id": record["id"],
        "livemode": record["live"],
        "policy_id": record["insurer_policy_id"],
        "product_id": record["quote"]["item"],
        **{name: record[name] for name in ("first_name", "last_name", "email")},
        **{name: dates[name] for name in ("policy_created_date", "start_date", "end_date")},
        "gross_premium": premium["gross_premium"],
        "premium_tax": premium["premium_tax"],
        "metadata": record["metadata"],
        "assets": assets,
        "_links": {"self": {"href": f"{place}/policies/{record['id']}"}},
    }
    nth = at.space.bump("events")
    emit(
        at, at.sandbox.randomness.text("event", nth, 32, HEX), type, data, version="live" if record["live"] else "test"
    )
