"""How Kota tells of events: in one of two versions, under a timed signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import (
    HEX,
    InvalidSignature,
    ReceivedWebhook,
    Record,
    SigningInput,
    WebhookStyle,
    format_instant,
    sign_timestamped,
    verify_timestamped,
)
from mockserver.providers.kota.events.types import EVENT_TYPES
from mockserver.providers.kota.values.records import platform_id_of

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.kota.assumptions import KotaAssumptions

SIGNATURE_HEADER = "x-kota-webhook-signature"
TOLERANCE_SECONDS = 300
_VERSION = {"v1": {"api_version": "1.0"}, "v2": {"version": "V2"}}


def _envelope(sandbox: SandboxView, event: Record) -> dict[str, Any]:
    given = cast("KotaAssumptions", sandbox.assumptions)
    created = format_instant(event["created_at"], given.fraction_digits)
    names = {"both": ("created_at", "created")}.get(given.webhook_time, (given.webhook_time,))
    said = {"id": event["id"], "type": event["type"], "platform_id": platform_id_of(sandbox), "data": event["data"]}
    return {**said, **dict.fromkeys(names, created), "object": "event", **_VERSION[event["version"]]}


def _headers(_sandbox: SandboxView, letter: SigningInput) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        (SIGNATURE_HEADER, sign_timestamped(letter.secrets, letter.at, letter.body)),
    ]


def _verify(received: ReceivedWebhook) -> None:
    shown = received.headers.get(SIGNATURE_HEADER)
    if shown is None:
        raise InvalidSignature(f"there is no {SIGNATURE_HEADER}")
    verify_timestamped(shown, received.secrets, received.now, received.body, TOLERANCE_SECONDS)


WEBHOOKS = WebhookStyle(
    EVENT_TYPES,
    _envelope,
    _headers,
    _verify,
    versions=("v1", "v2"),
    endpoint_id=lambda dice, nth: f"whe_{dice.text('id:whe', nth, 32, HEX)}",
    delivery_id=lambda dice, nth: f"evtd_{dice.text('id:evtd', nth, 32, HEX)}",
)
