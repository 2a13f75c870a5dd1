"""Kotauth's webhooks: a body with event, timestamp and data, of which an HMAC-SHA256 is the signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import (
    HEX,
    InvalidSignature,
    Randomness,
    ReceivedWebhook,
    Record,
    SigningInput,
    WebhookStyle,
    sign_body,
    verify_body,
)
from mockserver.providers.kotauth.wire.records import format_by_assumptions

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.kotauth.assumptions import KotauthAssumptions

EVENT_TYPES = (
    "user.created",
    "user.updated",
    "user.deleted",
    "login.success",
    "login.failed",
    "password.reset",
    "mfa.enrolled",
    "session.revoked",
)
SIGNATURE_HEADER = "X-KotAuth-Signature"


def _envelope(sandbox: SandboxView, event: Record) -> dict[str, Any]:
    timestamp = format_by_assumptions(cast("KotauthAssumptions", sandbox.assumptions), event["created_at"])
    return {"event": event["type"], "timestamp": timestamp, "data": event["data"]}


def _headers(_sandbox: SandboxView, signing_input: SigningInput) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "KotAuth-Webhook/1.0"),
        ("X-KotAuth-Event", signing_input.event["type"]),
        (SIGNATURE_HEADER, sign_body(signing_input.secrets[0], signing_input.body, "sha256")),
    ]


def _verify(received: ReceivedWebhook) -> None:
    signature = received.headers.get(SIGNATURE_HEADER.lower())
    if signature is None:
        raise InvalidSignature(f"the header {SIGNATURE_HEADER} is missing")
    verify_body(signature, received.secrets, received.body, "sha256")


def _generate_endpoint_secret(randomness: Randomness, purpose: str) -> str:
    return randomness.text(purpose, 1, 32, HEX) + randomness.text(purpose, 2, 32, HEX)


WEBHOOKS = WebhookStyle(EVENT_TYPES, _envelope, _headers, _verify, generate_secret=_generate_endpoint_secret)
