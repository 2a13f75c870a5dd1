"""How Kotauth tells of events: event, timestamp and data, signed with HMAC-SHA256 over the body alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import (
    HEX,
    Forged,
    Letter,
    Randomness,
    Received,
    Record,
    WebhookStyle,
    check_plain,
    plain,
)
from mockserver.providers.kotauth.wire.records import written

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.kotauth.assumptions import KotauthAssumptions

TYPES = (
    "user.created",
    "user.updated",
    "user.deleted",
    "login.success",
    "login.failed",
    "password.reset",
    "mfa.enrolled",
    "session.revoked",
)
SIGNATURE = "X-KotAuth-Signature"


def _envelope(sandbox: SandboxView, event: Record) -> dict[str, Any]:
    timestamp = written(cast("KotauthAssumptions", sandbox.assumptions), event["created_at"])
    return {"event": event["type"], "timestamp": timestamp, "data": event["data"]}


def _headers(_sandbox: SandboxView, letter: Letter) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "KotAuth-Webhook/1.0"),
        ("X-KotAuth-Event", letter.event["type"]),
        (SIGNATURE, plain(letter.secrets[0], letter.body, "sha256")),
    ]


def _verify(received: Received) -> None:
    shown = received.headers.get(SIGNATURE.lower())
    if shown is None:
        raise Forged(f"there is no {SIGNATURE}")
    check_plain(shown, received.secrets, received.body, "sha256")


def _secret(dice: Randomness, purpose: str) -> str:
    return dice.text(purpose, 1, 32, HEX) + dice.text(purpose, 2, 32, HEX)


WEBHOOKS = WebhookStyle(TYPES, _envelope, _headers, _verify, secret=_secret)
