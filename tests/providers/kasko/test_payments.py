"""KASKO's payments: Stripe's test cards and their outcomes, invoices and distributors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockserver.engine import Clock, parse_instant
from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    INVOICE,
    PRODUCT,
    card,
    create_offer,
    expect_ok,
    key,
    pay,
    refusal_message,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"]
)
def test_a_good_test_card_is_charged(harness: Harness, number: str) -> None:
    payment = expect_ok(pay(harness, create_offer(harness), **card(number)), 201)
    assert (payment["status"], payment["error_code"], payment["charge_id"][:3]) == ("ok", None, "ch_")


@pytest.mark.parametrize(
    ("number", "changes", "code", "reason"),
    [
        ("4000000000000002", {}, "card_declined", "generic_decline"),
        ("4000000000009995", {}, "card_declined", "insufficient_funds"),
        ("4000000000000069", {}, "expired_card", "expired_card"),
        ("4000000000000127", {}, "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", {}, "processing_error", "processing_error"),
        ("4242424242424241", {}, "incorrect_number", "incorrect_number"),
        ("4929000000000000", {}, "card_declined", "generic_decline"),
        ("4242424242424242", {"exp_month": 13}, "invalid_expiry_month", "invalid_expiry_month"),
        ("4242424242424242", {"exp_year": 2025}, "invalid_expiry_year", "invalid_expiry_year"),
        ("4242424242424242", {"exp_month": 2, "exp_year": 26}, "invalid_expiry_month", "invalid_expiry_month"),
    ],
)
def test_a_bad_card_fails_as_with_stripe_and_the_offer_can_still_be_paid(
    harness: Harness, number: str, changes: dict[str, Any], code: str, reason: str
) -> None:
    offer = create_offer(harness)
    payment = expect_ok(pay(harness, offer, **card(number, **changes)), 201)
    assert (payment["status"], payment["error_code"], payment["reason"]) == ("failed", code, reason)
    assert expect_ok(harness.request("GET", f"/payments/{payment['id']}"))["status"] == "failed"
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"] == "ready"
    assert expect_ok(pay(harness, offer, **card("4242424242424242", exp_month=3, exp_year=2026)), 201)["status"] == "ok"


def test_a_test_card_is_declined_in_live_mode(harness: Harness) -> None:
    live = {"key": key(harness, "live")}
    offer = create_offer(harness, request_options=live)
    assert (
        expect_ok(pay(harness, offer, request_options=live, **card("4242424242424242")), 201)["reason"]
        == "testmode_decline"
    )
    assert expect_ok(pay(harness, offer, request_options=live, **card("4929000000000000")), 201)["status"] == "ok"


ACCEPTED_CARDS = [
    "4242424242424242",
    "4000056655665556",
    "5555555555554444",
    "2223003122003222",
    "5200828282828210",
    "5105105105105100",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "3056930009020004",
    "36227206271667",
    "3566002020360505",
    "6200000000000005",
    "4000002760000016",
]
DECLINED_CARDS = {
    "4000000000000002": ("card_declined", "generic_decline"),
    "4000000000009995": ("card_declined", "insufficient_funds"),
    "4000000000009987": ("card_declined", "lost_card"),
    "4000000000009979": ("card_declined", "stolen_card"),
    "4000000000000069": ("expired_card", "expired_card"),
    "4000000000000127": ("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": ("processing_error", "processing_error"),
    "4000000000006975": ("card_declined", "card_velocity_exceeded"),
}


def test_every_published_card_number_has_the_outcome_documented_by_stripe(harness: Harness) -> None:
    for number in ACCEPTED_CARDS:
        assert expect_ok(pay(harness, create_offer(harness), **card(number)), 201)["status"] == "ok", number
    for number, expected in DECLINED_CARDS.items():
        payment = expect_ok(pay(harness, create_offer(harness), **card(number)), 201)
        assert (payment["error_code"], payment["reason"]) == expected, number


def test_the_card_of_the_older_documentation_is_charged_until_it_expires(harness: Harness) -> None:
    old_card = card("4111 1111 1111 1111", exp_month=12, exp_year=19, cvc="123", name="Mia Kern")
    assert expect_ok(pay(harness, create_offer(harness), **old_card), 201)["error_code"] == "invalid_expiry_year"
    harness.sandbox.set_clock(Clock(frozen_at=parse_instant("2019-12-31T12:00:00Z")))
    assert expect_ok(pay(harness, create_offer(harness), **old_card), 201)["status"] == "ok"


def test_a_payment_is_the_documented_object(harness: Harness) -> None:
    offer = create_offer(harness)
    payment = expect_ok(pay(harness, offer), 201)
    id, customer = payment["id"], payment["customer_id"]
    assert customer
    assert payment == {
        "object": "payment",
        "id": id,
        "livemode": False,
        "provider": "invoice",
        "method": "invoice",
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
        "customer_id": customer,
        "refunds": [],
        "_links": {"_self": {"href": f"http://localhost/kasko/payments/{id}"}},
    }


def test_a_live_payment_has_a_live_id_and_livemode_true(harness: Harness) -> None:
    live = {"key": key(harness, "live")}
    payment = expect_ok(pay(harness, create_offer(harness, request_options=live), request_options=live), 201)
    assert (payment["livemode"], payment["policy_id"][:5]) == (True, "lpol_")
    assert re.fullmatch(r"l[0-9a-f]{32}", payment["id"])


@pytest.mark.parametrize("field", ["token", "policy_id", "method", "provider"])
def test_a_payment_needs_its_fields(harness: Harness, field: str) -> None:
    offer = create_offer(harness)
    body = {"token": offer["payment_token"], "policy_id": offer["id"], **INVOICE}
    body.pop(field)
    assert field in refusal_message(harness, "POST", "/payments", 400, json=body)


def test_a_distributor_may_collect_the_premium(harness: Harness) -> None:
    payment = expect_ok(pay(harness, create_offer(harness), method="distributor", provider="distributor"), 201)
    assert (payment["status"], payment["method"], payment["charge_id"]) == ("ok", "distributor", None)


@pytest.mark.parametrize("provider", ["allianz_invoice", "zurich_invoice", "ergo_invoice", "baloise_invoice"])
def test_an_insurer_may_send_the_invoice_if_the_plan_allows_it(harness: Harness, provider: str) -> None:
    assert pay(harness, create_offer(harness), provider=provider).status_code == 400
    plan = PRODUCT.plans[0].model_dump() | {"payments": [f"invoice/{provider}"]}
    expect_ok(simulate(harness, "publish_product", product=PRODUCT.model_dump(mode="json") | {"plans": [plan]}))
    assert expect_ok(pay(harness, create_offer(harness), provider=provider), 201)["provider"] == provider
    assert pay(harness, create_offer(harness)).status_code == 400
