"""One attempt as data: what is sent, and what is delivered."""

from __future__ import annotations

import pytest

from mockserver.engine import SendResult
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.engine.webhooks.sender import NullWebhookSender
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import delivery_states, emit_events, endpoint


def attempt(harness: Harness) -> Attempt:
    sandbox = harness.sandbox
    where = endpoint(harness)
    emit_events(harness)
    assert sandbox.provider.webhooks is not None
    return Attempt.create(sandbox, sandbox.provider.webhooks, sandbox.outbox.all()[0], where, NOON)


@pytest.mark.parametrize(
    ("status", "delivered"), [(None, False), (199, False), (200, True), (299, True), (300, False), (500, False)]
)
def test_an_outcome_is_a_delivery_from_200_to_299(status: int | None, delivered: bool) -> None:
    assert SendResult(status).is_delivered is delivered


def test_without_faults_what_is_signed_is_what_is_sent() -> None:
    made = attempt(make_harness(ACME_WITH_WEBHOOKS))
    assert (made.signed_body, made.signed_at, made.copies) == (made.body, NOON, 1)
    assert (made.is_sent, made.is_first) == (True, True)


def test_one_that_is_dropped_or_put_off_does_not_leave() -> None:
    made = attempt(make_harness(ACME_WITH_WEBHOOKS))
    made.postponed_by = 0
    assert not made.is_sent
    made.postponed_by, made.dropped = None, True
    assert not made.is_sent


def test_the_headers_are_made_of_what_is_signed_when_and_with_which_secrets() -> None:
    made = attempt(make_harness(ACME_WITH_WEBHOOKS))
    style = ACME_WITH_WEBHOOKS.webhooks
    assert style is not None
    whole = made.headers(style)
    for name, value in (("signed_body", b"other"), ("signed_at", NOON - 10**6), ("secrets", ("other",))):
        kept = getattr(made, name)
        setattr(made, name, value)
        assert made.headers(style) != whole
        setattr(made, name, kept)
    made.body = b"spoilt"
    assert made.headers(style) == whole


def test_an_engine_without_a_server_sends_nothing_and_says_so() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=NullWebhookSender())
    endpoint(harness, "anything goes")
    emit_events(harness)
    harness.deliver_due()
    assert delivery_states(harness) == ["pending"]
    assert harness.sandbox.outbox.all()[0]["attempts"][0]["error"] == "not sent: this engine has no webhook sender"
