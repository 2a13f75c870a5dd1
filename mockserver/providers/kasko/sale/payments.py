"""POST /payments pays an offer, and its policy is issued after a delay; GET /payments/{id} returns a payment."""

from __future__ import annotations

from typing import Any

from mockserver.engine import TIMERS, Call, Operation, Problem, Record, Refusal, Reply, SimulationContext
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.sale import cards, records, tokens
from mockserver.providers.kasko.sale.cards import Decline
from mockserver.providers.kasko.sale.records import POLICIES
from mockserver.providers.kasko.wire.auth import HEX, is_livemode, is_public
from mockserver.providers.kasko.wire.dialect import bad_request, not_found, wrong_mode
from mockserver.providers.kasko.wire.models import NewPayment

PAYMENTS = "payments"
CARD_METHOD = ("creditcard", "stripe")
"""The method and provider of card payments; all other payments succeed without a charge."""


def _create(call: Call) -> Reply:
    body: NewPayment = call.body
    offer = call.space.get(POLICIES, body.policy_id)
    if offer is None:
        raise not_found("Policy")
    if offer["live"] != is_livemode(call):
        raise wrong_mode(call, "Policy")
    _check_payable(call, offer, body)
    decline = _charge_card(call, offer, body) if (body.method, body.provider) == CARD_METHOD else None
    if decline is not None and assumptions_of(call).declined_payment == "refused":
        raise bad_request(f"The payment was declined: {decline.code} ({decline.reason}).")
    payment = _build_payment(call, offer, body, decline)
    call.space.put(PAYMENTS, payment)
    if decline is None:
        _accept_offer(call, offer)
    return call.sandbox.provider.dialect.render_record(
        call, _render(call, payment), int(assumptions_of(call).payment_status)
    )


def _check_payable(call: Call, offer: Record, body: NewPayment) -> None:
    assumptions = assumptions_of(call)
    if offer["payment_token"] is None or body.token != offer["payment_token"]:
        raise bad_request("The payment token is not valid.", int(assumptions.forged))
    if offer["offer_status"] == "accepted":
        raise Problem("already_paid", "The policy is paid already", status=int(assumptions.second_payment))
    if tokens.has_expired(call.space, "payments", offer["ready_at"], call.now, assumptions.payment_token_lifetime):
        raise bad_request("The payment token has expired.")
    plan = products.get_product(call, offer["quote"]["item"]).find_plan(offer["quote"]["plan"])
    if plan is None or f"{body.method}/{body.provider}" not in plan.payments:
        raise bad_request(f"Payment method {body.method[:50]} by {body.provider[:50]} is not available.")


def _charge_card(call: Call, offer: Record, body: NewPayment) -> Decline | None:
    field = assumptions_of(call).card_field
    card = body.card if field == "card" else body.metadata.get("card")
    if not isinstance(card, dict) or not card.get("number"):
        raise bad_request("card: field required." if field == "card" else "metadata.card: field required.")
    today = products.get_product(call, offer["quote"]["item"]).today(call.now)
    return cards.charge(card, today, live=is_livemode(call))


def _build_payment(call: Call, offer: Record, body: NewPayment, decline: Decline | None) -> dict[str, Any]:
    nth, randomness = call.nth("payments"), call.sandbox.randomness
    by_card = (body.method, body.provider) == CARD_METHOD
    metadata = {name: value for name, value in body.metadata.items() if name != "card"}
    return new_payment(
        ("l" if is_livemode(call) else "t") + randomness.text("payment", nth, 32, HEX),
        offer,
        body.method,
        body.provider,
    ) | {
        "status": "failed" if decline else "ok",
        "charge_id": f"ch_{randomness.text('charge', nth, 24)}" if by_card else None,
        "reason": decline.reason if decline else None,
        "processed_at": records.format_with_offset(call.now) if by_card else None,
        "error_code": decline.code if decline else None,
        "metadata": records.to_php_array(metadata),
    }


def new_payment(id: str, offer: Record, method: str, provider: str) -> dict[str, Any]:
    """Returns the record of a successful payment without a charge; for cards, the caller adds the charge."""
    return {
        "object": "payment",
        "id": id,
        "livemode": offer["live"],
        "provider": provider,
        "method": method,
        "status": "ok",
        "policy_id": offer["id"],
        "charge_id": None,
        "fee": 0,
        "reference": None,
        "token": offer["payment_token"],
        "reason": None,
        "processed_at": None,
        "error_code": None,
        "metadata": [],
        "transaction_metadata": [],
        "customer_id": offer["customer_id"],
        "refunds": [],
    }


def _accept_offer(call: Call, offer: Record) -> None:
    accepted = {**offer, "offer_status": "accepted", "accepted_at": call.now, "base": records.get_base_url(call)}
    delay = assumptions_of(call).policy_delay
    if delay:
        accepted["timer"] = _schedule_issue(call, delay, offer["id"])
    call.space.put(POLICIES, accepted)
    if not delay:
        issue_policy(call, offer["id"])


def _schedule_issue(call: Call, delay: int, id: str) -> str:
    try:
        return call.sandbox.schedule(call.space, call.now + delay, "issue_policy", {"policy_id": id})
    except Refusal as refusal:
        raise Problem("busy", str(refusal), status=503) from None


def issue_policy(at: Call | SimulationContext, id: str) -> Record:
    """Issues the policy of an accepted offer, deletes its timer and emits `policy.created`. Raises Refusal."""
    offer = at.space.get(POLICIES, id)
    if offer is None or offer["offer_status"] != "accepted" or offer["policy_status"] is not None:
        raise Refusal(f"{id!r} is not an accepted offer whose policy is not issued yet")
    if offer["timer"] is not None:
        at.space.drop(TIMERS, offer["timer"])
    record = {**offer, "policy_status": "paid", "issued_at": at.now, "updated_at": at.now, "timer": None}
    at.space.put(POLICIES, record)
    records.publish_event(at, "policy.created", record)
    return record


def _show(call: Call) -> Reply:
    payment = call.space.get(PAYMENTS, call.args["id"])
    if payment is None:
        raise not_found("Payment")
    if payment["livemode"] != is_livemode(call):
        raise wrong_mode(call, "Payment")
    return call.sandbox.provider.dialect.render_record(call, _render(call, payment))


def _render(call: Call, payment: Record) -> dict[str, Any]:
    if is_public(call) and assumptions_of(call).public_payment_view == "reduced":
        hidden = ("token", "customer_id", "transaction_metadata")
        payment = {name: value for name, value in payment.items() if name not in hidden}
    return {**payment, "_links": {"_self": {"href": f"{records.get_base_url(call)}/payments/{payment['id']}"}}}


OPERATIONS = (
    Operation(
        "create_payment",
        "POST",
        "/payments",
        _create,
        "Pay an offer",
        body=NewPayment,
        status=201,
        refusals=(400, 401, 404, 405, 409, 413),
    ),
    Operation("get_payment", "GET", "/payments/{id}", _show, "Show a payment", refusals=(401, 403, 404, 405)),
)
