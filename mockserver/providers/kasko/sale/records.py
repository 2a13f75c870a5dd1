"""Renders offers and policies, which are two views of one record, and emits the events of policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mockserver.engine import Call, Problem, Randomness, Record, SimulationContext, emit, format_instant
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products.catalog import Product
from mockserver.providers.kasko.products.pricing import format_midnight
from mockserver.providers.kasko.products.rules import read_date
from mockserver.providers.kasko.wire.auth import HEX, is_livemode
from mockserver.providers.kasko.wire.dialect import not_found, wrong_mode

POLICIES = "policies"
_NUMBER_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_COPIED_FIELDS = ("id", "insurer_policy_id", "first_name", "last_name", "email", "language", "metadata")
_CANCELLATION_FIELDS = ("cancellation_reason", "cancelled_by", "cancelled_at")
_NULL_FIELDS = ("distributor_traffic_source", "referrer_url", "whitelisted_referrer_url", "linked_policy_id")


def format_with_offset(instant: int) -> str:
    """Formats an instant with its offset: `2019-12-31T23:00:00+00:00`."""
    return f"{format_instant(instant, digits=0)[:-1]}+00:00"


def get_base_url(call: Call) -> str:
    """Returns the part of a link before the path: the origin and the provider's prefix."""
    return f"{call.origin}{call.mount}"


def get_policy_or_404(call: Call, what: str = "Policy") -> Record:
    """Returns the record that the path names. Raises Problem if it does not exist or the key has the other mode."""
    record = call.space.get(POLICIES, call.args["id"])
    if record is None:
        raise not_found(what)
    if record["live"] != is_livemode(call):
        raise wrong_mode(call, what)
    return record


def new_policy_ids(randomness: Randomness, purpose: str, nth: int, live: bool, product: Product) -> dict[str, str]:
    def id(prefix: str) -> str:
        return prefix + randomness.text(f"{purpose}:{prefix}", nth, 28, HEX)

    number = randomness.text(f"{purpose}:number", nth, 7, _NUMBER_ALPHABET)
    return {
        "id": id("lpol_" if live else "tpol_"),
        "version_id": id("ver_"),
        "customer_id": id("cus_"),
        "insurer_policy_id": f"{product.policy_prefix}-{number}",
    }


def new_v1_policy_id(randomness: Randomness, nth: int, live: bool, *, prefixed: bool) -> str:
    """Returns a policy id of API v1: 33 letters and digits. If ``prefixed``, the first is t or l for TEST or LIVE."""
    first = randomness.text("offer:v1:first", nth, 1, ALPHANUMERIC)
    return (("l" if live else "t") if prefixed else first) + randomness.text("offer:v1", nth, 32, ALPHANUMERIC)


def snapshot_quote(quote: dict[str, Any]) -> dict[str, Any]:
    """Returns the parts of a quote that an offer stores."""
    names = ("item", "plan", "integration", "product_version", "integration_version", "input", "premium", "term")
    return {**{name: quote[name] for name in names}, "quoted_at": quote["at"]}


def to_php_array(fields: dict[str, Any]) -> Any:
    """Returns an object as PHP serializes it: an empty object becomes an empty list."""
    return fields or []


def _render_links(record: Record, product: Product, base_url: str) -> dict[str, Any]:
    return {
        "_self": {"href": f"{base_url}/policies/{record['id']}"},
        "item": {"href": f"{base_url}/items/{product.item_id}"},
        "touchpoint": {"href": f"{base_url}/touchpoints/{record['quote']['integration']}"},
    }


def _render_quote(record: Record, product: Product) -> dict[str, Any]:
    quote = record["quote"]
    plan = product.find_plan(quote["plan"])
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
        "quote_created_at": format_with_offset(quote["quoted_at"]),
    }


def _render_common_fields(record: Record, product: Product, base_url: str) -> dict[str, Any]:
    quote = record["quote"]
    return {
        **{name: record[name] for name in _COPIED_FIELDS},
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
        "quote": _render_quote(record, product),
        "data": to_php_array(record["data"]),
        **{name: record[name] for name in (*_CANCELLATION_FIELDS, *_NULL_FIELDS)},
        "media": record["media"],
        "assets": _render_assets(record, base_url),
    }


def _render_assets(record: Record, base_url: str) -> list[dict[str, Any]]:
    if record["issued_at"] is None:
        return []
    link = f"{base_url}/assets/{record['id']}/policy.pdf"
    return [
        {
            "name": "policy",
            "extension": "pdf",
            "url": link,
            "designation": "policy",
            "attachment_date": format_with_offset(record["issued_at"]),
            "version": 1,
        }
    ]


def render_offer(call: Call, record: Record) -> dict[str, Any]:
    """Returns the body of GET /offers/{id}; it has a payment token from the time when the offer can be paid."""
    product = products.get_product(call, record["quote"]["item"])
    token = {} if record["payment_token"] is None else {"payment_token": record["payment_token"]}
    return {
        **_render_common_fields(record, product, get_base_url(call)),
        "flow": record["flow"],
        "status": assumptions_of(call).paid_offer if record["offer_status"] == "accepted" else record["offer_status"],
        **token,
        "accepted_at": None if record["accepted_at"] is None else format_with_offset(record["accepted_at"]),
        "created_at": format_with_offset(record["created_at"]),
        "_links": _render_links(record, product, get_base_url(call)),
    }


def render_policy(call: Call, record: Record) -> dict[str, Any]:
    """Returns the body of GET /policies/{id}."""
    product = products.get_product(call, record["quote"]["item"])
    dates = _render_dates(record, product)
    organizations = {
        "distributor": {"href": f"{get_base_url(call)}/distributors/{product.distributor_id}"},
        "insurer": {"href": f"{get_base_url(call)}/insurers/{product.insurer_id}"},
    }
    return {
        **_render_common_fields(record, product, get_base_url(call)),
        "customer_id": record["customer_id"],
        "distributor_key": None,
        "insurer_external_policy_id": None,
        "expired": _has_expired(dates, call.now),
        **dates,
        "status": record["policy_status"] or "pending",
        "deleted_at": None,
        "deleted_by": "",
        "is_locked": False,
        "localized_dates": {**_localize_dates(dates, product), "time_zone": product.time_zone},
        "_links": {**_render_links(record, product, get_base_url(call)), **organizations},
    }


def _render_dates(record: Record, product: Product) -> dict[str, str | None]:
    term, termination = record["quote"]["term"], record["termination_date"]
    return {
        "policy_created_date": format_with_offset(record["issued_at"] or record["created_at"]),
        "start_date": term["policy_start_date"],
        "end_date": term["policy_end_date"],
        "termination_date": None if termination is None else format_midnight(read_date(termination), product),
    }


def _has_expired(dates: dict[str, str | None], now: int) -> bool:
    ends = [end for end in (dates["end_date"], dates["termination_date"]) if end is not None]
    return any(end <= format_with_offset(now) for end in ends)


def _localize_dates(dates: dict[str, str | None], product: Product) -> dict[str, str | None]:
    zone = ZoneInfo(product.time_zone)
    return {name: date and datetime.fromisoformat(date).astimezone(zone).isoformat() for name, date in dates.items()}


def publish_update(at: Call | SimulationContext, record: Record) -> None:
    """Emits the event for a changed policy; the assumption ``updated_event`` determines its type."""
    publish_event(at, assumptions_of(at).updated_event, record)


def publish_event(at: Call | SimulationContext, type: str, record: Record) -> None:
    """Emits an event with the policy as data, where `policy_id` is the insurer's number. Raises Problem."""
    product = products.find_product(at, record["quote"]["item"])
    if product is None:
        raise Problem("not_found", "The policy's product is gone.")
    dates, premium = _render_dates(record, product), record["quote"]["premium"]
    # A seeded record has no base URL until a call changes it; until then its links have no host.
    base_url = record["base"] or ""
    assets = [{**{name: asset[name] for name in ("designation", "name", "extension")}, "href": asset["url"]}
              for asset in _render_assets(record, base_url)]  # fmt: skip
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
        "_links": {"self": {"href": f"{base_url}/policies/{record['id']}"}},
    }
    nth = at.space.increment("events")
    emit(
        at, at.sandbox.randomness.text("event", nth, 32, HEX), type, data, version="live" if record["live"] else "test"
    )
