"""KASKO's webhooks: the policy as the body, the event type in a header, signed with HMAC-SHA1."""

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
"""An endpoint receives the events of one mode only."""
SIGNATURE_HEADER = "X-KASKO-Signature"


def _envelope(_sandbox: SandboxView, event: Record) -> Any:
    return event["data"]


def _headers(_sandbox: SandboxView, signing_input: SigningInput) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("X-KASKO-Event", signing_input.event["type"]),
        ("X-KASKO-Delivery", signing_input.delivery),
        (SIGNATURE_HEADER, sign_body(signing_input.secrets[0], signing_input.body, "sha1")),
    ]


def _verify(received: ReceivedWebhook) -> None:
    signature = received.headers.get(SIGNATURE_HEADER.lower())
    if signature is None:
        raise InvalidSignature(f"the header {SIGNATURE_HEADER} is missing")
    verify_body(signature, received.secrets, received.body, "sha1")


WEBHOOKS = WebhookStyle(
    EVENT_TYPES,
    _envelope,
    _headers,
    _verify,
    versions=MODES,
    delivery_id=lambda randomness, nth: randomness.text("delivery", nth, 32, HEX),
)
