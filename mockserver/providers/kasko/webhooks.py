"""How KASKO tells of events: the policy itself, the event's name in a header, signed with HMAC-SHA1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.engine import HEX, Forged, Letter, Received, Record, WebhookStyle, check_plain, plain

if TYPE_CHECKING:
    from mockserver.engine import SandboxView

TYPES = ("policy.created", "policy.updated")
MODES = ("live", "test")
"""An endpoint hears of one mode alone."""
SIGNATURE = "X-KASKO-Signature"


def _envelope(_sandbox: SandboxView, event: Record) -> Any:
    return event["data"]


def _headers(_sandbox: SandboxView, letter: Letter) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("X-KASKO-Event", letter.event["type"]),
        ("X-KASKO-Delivery", letter.delivery),
        (SIGNATURE, plain(letter.secrets[0], letter.body, "sha1")),
    ]


def _verify(received: Received) -> None:
    shown = received.headers.get(SIGNATURE.lower())
    if shown is None:
        raise Forged(f"there is no {SIGNATURE}")
    check_plain(shown, received.secrets, received.body, "sha1")


WEBHOOKS = WebhookStyle(
    TYPES,
    _envelope,
    _headers,
    _verify,
    versions=MODES,
    delivery_id=lambda dice, nth: dice.text("delivery", nth, 32, HEX),
)
