"""Attempts and their results."""

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
    receiver = endpoint(harness)
    emit_events(harness)
    assert sandbox.provider.webhooks is not None
    return Attempt.create(sandbox, sandbox.provider.webhooks, sandbox.outbox.all()[0], receiver, NOON)


@pytest.mark.parametrize(
    ("status", "delivered"), [(None, False), (199, False), (200, True), (299, True), (300, False), (500, False)]
)
def test_a_result_is_delivered_from_status_200_to_299(status: int | None, delivered: bool) -> None:
    assert SendResult(status).is_delivered is delivered


def test_without_faults_the_signed_body_is_the_sent_body() -> None:
    unchanged = attempt(make_harness(ACME_WITH_WEBHOOKS))
    assert (unchanged.signed_body, unchanged.signed_at, unchanged.copies) == (unchanged.body, NOON, 1)
    assert (unchanged.is_sent, unchanged.is_first) == (True, True)


def test_a_dropped_or_postponed_attempt_is_not_sent() -> None:
    changed = attempt(make_harness(ACME_WITH_WEBHOOKS))
    changed.postponed_by = 0
    assert not changed.is_sent
    changed.postponed_by, changed.dropped = None, True
    assert not changed.is_sent


def test_the_headers_depend_on_signed_body_time_and_secrets() -> None:
    changed = attempt(make_harness(ACME_WITH_WEBHOOKS))
    style = ACME_WITH_WEBHOOKS.webhooks
    assert style is not None
    expected = changed.headers(style)
    for name, value in (("signed_body", b"other"), ("signed_at", NOON - 10**6), ("secrets", ("other",))):
        original = getattr(changed, name)
        setattr(changed, name, value)
        assert changed.headers(style) != expected
        setattr(changed, name, original)
    changed.body = b"spoilt"
    assert changed.headers(style) == expected


def test_an_engine_without_a_sender_notes_that_nothing_was_sent() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=NullWebhookSender())
    endpoint(harness, "anything goes")
    emit_events(harness)
    harness.deliver_due()
    assert delivery_states(harness) == ["pending"]
    assert harness.sandbox.outbox.all()[0]["attempts"][0]["error"] == "not sent: this engine has no webhook sender"
