"""How KASKO tells of events: the policy itself, the event's name in a header, signed with HMAC-SHA1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.engine import (
    HEX,
    InvalidSignature,
    ReceivedWebhook,
    Record,
    SigningInput,
    WebhookStyle,
    sign_body,
    verify_body,
)

if TYPE_CHECKING:
    from mockserver.engine import SandboxView

EVENT_TYPES = ("policy.created", "policy.updated")
MODES = ("live", "test")
"""An endpoint hears of one mode alone."""
SIGNATURE_HEADER = "X-KASKO-Signature"


def _envelope(_sandbox: SandboxView, event: Record) -> Any:
    return event["data"]


def _headers(_sandbox: SandboxView, letter: SigningInput) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("X-KASKO-Event", letter.event["type"]),
        ("X-KASKO-Delivery", letter.delivery),
        (SIGNATURE_HEADER, sign_body(letter.secrets[0], letter.body, "sha1")),
    ]


def _verify(received: ReceivedWebhook) -> None:
    shown = received.headers.get(SIGNATURE_HEADER.lower())
    if shown is None:
        raise InvalidSignature(f"there is no {SIGNATURE_HEADER}")
    verify_body(shown, received.secrets, received.body, "sha1")


WEBHOOKS = WebhookStyle(
    EVENT_TYPES,
    _envelope,
    _headers,
    _verify,
    versions=MODES,
    delivery_id=lambda dice, nth: dice.text("delivery", nth, 32, HEX),
)
