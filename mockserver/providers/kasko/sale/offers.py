"""POST /policies creates an offer, which is an unpaid policy; GET /offers/{id} returns it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mockserver.engine import Assumptions, Call, Operation, Problem, Randomness, Record, Reply
from mockserver.providers.kasko.assumptions import KaskoAssumptions, assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products import rules
from mockserver.providers.kasko.products.catalog import Product
from mockserver.providers.kasko.sale import records, tokens
from mockserver.providers.kasko.sale.quotes import expand_dataset_items
from mockserver.providers.kasko.sale.records import POLICIES
from mockserver.providers.kasko.wire.auth import is_livemode
from mockserver.providers.kasko.wire.dialect import bad_request
from mockserver.providers.kasko.wire.models import NewOffer
from mockserver.providers.kasko.wire.negotiate import parse_requested_version, require_known_version

_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_INITIALLY_NULL_FIELDS = (
    "payment_token", "accepted_at", "issued_at", "policy_status", "termination_date", "cancellation_reason",
    "cancelled_by", "cancelled_at", "timer", "referrer_url", "whitelisted_referrer_url", "linked_policy_id",
    "distributor_traffic_source",
)  # fmt: skip


def _create(call: Call) -> Reply:
    require_known_version(call)
    body: NewOffer = call.body
    _check_customer(call, body)
    quote = tokens.decode_quote(call, body.quote_token)
    product = products.get_product(call, quote["item"])
    data = validate_policy_data(call, product, product.policy, body.data)
    digest = tokens.digest_token(body.quote_token)
    if assumptions_of(call).quote_reuse == "refused" and any(call.space.find(POLICIES, "quote_digest", digest)):
        raise Problem("quote_used", "There is an offer from this quote already", status=409)
    is_v1 = _is_v1(call, quote)
    ids = _new_offer_ids(call, product, is_v1=is_v1)
    record = new_offer(ids, quote, call.now, records.get_base_url(call), is_livemode(call)) | {
        **body.model_dump(include={"first_name", "last_name", "email", "metadata", "distributor_traffic_source"}),
        "language": body.language or "en",
        "data": data,
        "quote_digest": digest,
    }
    if record["offer_status"] == "ready":
        record["payment_token"] = new_payment_token(call.sandbox.randomness, record["id"])
    call.space.put(POLICIES, record)
    rendered = _render_created(call, record, with_number=not is_v1 or assumptions_of(call).v1_number)
    return call.sandbox.provider.dialect.render_record(call, rendered, int(assumptions_of(call).offer_status))


def _is_v1(call: Call, quote: dict[str, Any]) -> bool:
    """Whether the offer is created with v1 of the API; without a version in Accept, an assumption decides."""
    assumption, version = assumptions_of(call).v1_offers, parse_requested_version(call)
    if assumption == "never" or version is not None:
        return assumption != "never" and version == 1
    return assumption == "accept" or quote["version"] == 1


def _new_offer_ids(call: Call, product: Product, *, is_v1: bool) -> dict[str, str]:
    randomness, nth, live = call.sandbox.randomness, call.nth("offers"), is_livemode(call)
    ids = records.new_policy_ids(randomness, "offer", nth, live, product)
    if not is_v1:
        return ids
    return ids | {
        "id": records.new_v1_policy_id(randomness, nth, live, prefixed=assumptions_of(call).v1_ids == "prefixed")
    }


def _check_customer(call: Call, body: NewOffer) -> None:
    if body.language is None and assumptions_of(call).language_required:
        raise bad_request("language: field required.")
    if body.language is not None and not _LANGUAGE.fullmatch(body.language):
        raise bad_request("language must be two letters such as en.")
    check_email(call, body.email)


def check_email(call: Call, email: str) -> None:
    """Raises Problem for a malformed e-mail address, unless the assumption ``email_check`` is ``none``."""
    name, at, host = email.rpartition("@")
    if assumptions_of(call).email_check == "has_at" and not (name and at and host):
        raise bad_request("email is not an e-mail address.")


def validate_policy_data(
    call: Call, product: Product, rule_set: dict[str, str], data: dict[str, Any]
) -> dict[str, Any]:
    """Returns the data of a policy with dataset items in place of their ids. Raises Problem for invalid data."""
    rules.validate_data(rule_set, data, product.today(call.now), strict=assumptions_of(call).rule_types == "strict")
    return expand_dataset_items(call, data)


def new_offer(ids: dict[str, str], quote: dict[str, Any], now: int, base_url: str | None, live: bool) -> dict[str, Any]:
    """Returns the record of a new offer; the caller adds the customer and the payment token."""
    return {
        **ids,
        "live": live,
        "base": base_url,
        "quote": records.snapshot_quote(quote),
        "flow": quote["flow"],
        "offer_status": "pending" if quote["flow"] == "manual_underwriting" else "ready",
        **dict.fromkeys(_INITIALLY_NULL_FIELDS),
        "data": {},
        "metadata": {},
        "media": [],
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "ready_at": now,
    }


def new_payment_token(randomness: Randomness, id: str) -> str:
    """Returns the token that the payment request for an offer must contain."""
    return randomness.token("payment-token", id, 88)


def _render_created(call: Call, record: Record, *, with_number: bool) -> dict[str, Any]:
    token = {} if record["payment_token"] is None else {"payment_token": record["payment_token"]}
    self_link = {"href": f"{records.get_base_url(call)}/policies/{record['id']}"}
    number = {"insurer_policy_id": record["insurer_policy_id"]} if with_number else {}
    return {
        "id": record["id"],
        **number,
        **token,
        "_links": {"_self": self_link},
    }


def _show(call: Call) -> Reply:
    require_known_version(call)
    record = records.get_policy_or_404(call, "Offer")
    return call.sandbox.provider.dialect.render_record(call, records.render_offer(call, record))


def _may_post_offers(assumptions: Assumptions) -> bool:
    return isinstance(assumptions, KaskoAssumptions) and assumptions.post_offers


_CREATE_OFFER = Operation(
    "create_offer",
    "POST",
    "/policies",
    _create,
    "Create an offer from a quote",
    body=NewOffer,
    status=201,
    refusals=(400, 401, 403, 404, 405, 409, 413),
)
OPERATIONS = (
    _CREATE_OFFER,
    replace(_CREATE_OFFER, name="create_offer_at_offers", path="/offers", available_if=_may_post_offers),
    Operation("get_offer", "GET", "/offers/{id}", _show, "Show an offer", refusals=(401, 403, 404, 405)),
)
