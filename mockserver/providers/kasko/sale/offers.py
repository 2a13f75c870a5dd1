"""POST /policies makes an offer, which is an unpaid policy; GET /offers/{id} shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mockserver.engine import Assumptions, Call, Operation, Problem, Randomness, Record, Reply
from mockserver.providers.kasko.assumptions import KaskoAssumptions, assume
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products import rules
from mockserver.providers.kasko.products.catalog import Product
from mockserver.providers.kasko.sale import records, tokens
from mockserver.providers.kasko.sale.quotes import expand
from mockserver.providers.kasko.sale.records import POLICIES
from mockserver.providers.kasko.wire.auth import livemode
from mockserver.providers.kasko.wire.dialect import bad
from mockserver.providers.kasko.wire.models import NewOffer
from mockserver.providers.kasko.wire.negotiate import need_known, version

_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)


def _create(call: Call) -> Reply:
    need_known(call)
    body: NewOffer = call.body
    _check(call, body)
    quote = tokens.read(call, body.quote_token)
    product = products.of(call, quote["item"])
    data = checked_data(call, product, product.policy, body.data)
    known_by = tokens.digest(body.quote_token)
    if assume(call).quote_reuse == "refused" and any(call.space.find(POLICIES, "quote_digest", known_by)):
        raise Problem("quote_used", "There is an offer from this quote already", status=409)
    is_old = _is_old(call, quote)
    ids = _identity(call, product, is_old=is_old)
    record = new_offer(ids, quote, call.now, records.base(call), livemode(call)) | {
        **body.model_dump(include={"first_name", "last_name", "email", "metadata", "distributor_traffic_source"}),
        "language": body.language or "en",
        "data": data,
        "quote_digest": known_by,
    }
    if record["offer_status"] == "ready":
        record["payment_token"] = payment_token(call.sandbox.randomness, record["id"])
    call.space.put(POLICIES, record)
    shown = _created(call, record, numbered=not is_old or assume(call).v1_number)
    return call.sandbox.provider.dialect.one(call, shown, int(assume(call).offer_status))


def _is_old(call: Call, quote: dict[str, Any]) -> bool:
    """Whether the first version of the API makes this offer."""
    given, asked = assume(call).v1_offers, version(call)
    if given == "never" or asked is not None:
        return given != "never" and asked == 1
    return given == "accept" or quote["version"] == 1


def _identity(call: Call, product: Product, *, is_old: bool) -> dict[str, str]:
    randomness, nth, live = call.sandbox.randomness, call.nth("offers"), livemode(call)
    ids = records.identity(randomness, "offer", nth, live, product)
    if not is_old:
        return ids
    return ids | {"id": records.old_id(randomness, nth, live, prefixed=assume(call).v1_ids == "prefixed")}


def _check(call: Call, body: NewOffer) -> None:
    if body.language is None and assume(call).language_required:
        raise bad("language: field required.")
    if body.language is not None and not _LANGUAGE.fullmatch(body.language):
        raise bad("language must be two letters such as en.")
    check_email(call, body.email)


def check_email(call: Call, email: str) -> None:
    """Refuse what cannot be an e-mail address."""
    name, at, host = email.rpartition("@")
    if assume(call).email_check == "has_at" and not (name and at and host):
        raise bad("email is not an e-mail address.")


def checked_data(call: Call, product: Product, ruled: dict[str, str], data: dict[str, Any]) -> dict[str, Any]:
    """A policy's data against rules of its product, with dataset items in place of their ids."""
    rules.check(ruled, data, product.today(call.now), strict=assume(call).rule_types == "strict")
    return expand(call, data)


def new_offer(ids: dict[str, str], quote: dict[str, Any], now: int, base: str | None, live: bool) -> dict[str, Any]:
    """An offer nobody has signed yet."""
    nothing = ("payment_token", "accepted_at", "issued_at", "policy_status", "termination_date", "cancellation_reason")
    nowhere = ("cancelled_by", "cancelled_at", "timer", "referrer_url", "whitelisted_referrer_url", "linked_policy_id")
    return {
        **ids,
        "live": live,
        "base": base,
        "quote": records.quoted(quote),
        "flow": quote["flow"],
        "offer_status": "pending" if quote["flow"] == "manual_underwriting" else "ready",
        **dict.fromkeys((*nothing, *nowhere, "distributor_traffic_source")),
        "data": {},
        "metadata": {},
        "media": [],
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "ready_at": now,
    }


def payment_token(randomness: Randomness, id: str) -> str:
    """What an offer is paid with."""
    return randomness.token("payment-token", id, 88)


def _created(call: Call, record: Record, *, numbered: bool) -> dict[str, Any]:
    token = {} if record["payment_token"] is None else {"payment_token": record["payment_token"]}
    self_link = {"href": f"{records.base(call)}/policies/{record['id']}"}
    number = {"insurer_policy_id": record["insurer_policy_id"]} if numbered else {}
    return {
        "id": record["id"],
        **number,
        **token,
        "_links": {"_self": self_link},
    }


def _show(call: Call) -> Reply:
    need_known(call)
    record = records.found(call, "Offer")
    return call.sandbox.provider.dialect.one(call, records.show_offer(call, record))


def _may_post_offers(given: Assumptions) -> bool:
    return isinstance(given, KaskoAssumptions) and given.post_offers


_MAKE = Operation(
    "create_offer",
    "POST",
    "/policies",
    _create,
    "Make an offer from a quote",
    body=NewOffer,
    status=201,
    refusals=(400, 401, 403, 404, 405, 409, 413),
)
OPERATIONS = (
    _MAKE,
    replace(_MAKE, name="create_offer_at_offers", path="/offers", offered=_may_post_offers),
    Operation("get_offer", "GET", "/offers/{id}", _show, "Show an offer", refusals=(401, 403, 404, 405)),
)
