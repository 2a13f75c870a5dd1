"""Paying by card: what Stripe's test numbers do, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.kasko import card, key, offer, ok, pay
from tests.worlds import World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"]
)
def test_a_good_test_card_is_charged(world: World, number: str) -> None:
    payment = ok(pay(world, offer(world), **card(number)), 201)
    assert (payment["status"], payment["error_code"], payment["charge_id"][:3]) == ("ok", None, "ch_")


@pytest.mark.parametrize(
    ("number", "more", "code", "reason"),
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
def test_a_bad_card_fails_as_at_stripe_and_the_offer_can_still_be_paid(
    world: World, number: str, more: dict[str, Any], code: str, reason: str
) -> None:
    made = offer(world)
    payment = ok(pay(world, made, **card(number, **more)), 201)
    assert (payment["status"], payment["error_code"], payment["reason"]) == ("failed", code, reason)
    assert ok(world.ask("GET", f"/payments/{payment['id']}"))["status"] == "failed"
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "ready"
    assert ok(pay(world, made, **card("4242424242424242", exp_month=3, exp_year=2026)), 201)["status"] == "ok"


def test_a_test_card_is_worth_nothing_in_live_mode(world: World) -> None:
    live = {"key": key(world, "live")}
    made = offer(world, asked=live)
    assert ok(pay(world, made, asked=live, **card("4242424242424242")), 201)["reason"] == "testmode_decline"
    assert ok(pay(world, made, asked=live, **card("4929000000000000")), 201)["status"] == "ok"
