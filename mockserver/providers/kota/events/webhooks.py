"""Declares Kota's webhooks: two versions of the envelope, and a timestamped signature."""

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
"""The largest difference between a signature's time and now that verification accepts."""
_VERSION_MEMBERS = {"v1": {"api_version": "1.0"}, "v2": {"version": "V2"}}


def _envelope(sandbox: SandboxView, event: Record) -> dict[str, Any]:
    assumptions = cast("KotaAssumptions", sandbox.assumptions)
    created = format_instant(event["created_at"], assumptions.fraction_digits)
    time_names = {"both": ("created_at", "created")}.get(assumptions.webhook_time, (assumptions.webhook_time,))
    members = {"id": event["id"], "type": event["type"], "platform_id": platform_id_of(sandbox), "data": event["data"]}
    return {**members, **dict.fromkeys(time_names, created), "object": "event", **_VERSION_MEMBERS[event["version"]]}


def _headers(_sandbox: SandboxView, signing_input: SigningInput) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        (SIGNATURE_HEADER, sign_timestamped(signing_input.secrets, signing_input.at, signing_input.body)),
    ]


def _verify(received: ReceivedWebhook) -> None:
    signature = received.headers.get(SIGNATURE_HEADER)
    if signature is None:
        raise InvalidSignature(f"the header {SIGNATURE_HEADER} is missing")
    verify_timestamped(signature, received.secrets, received.now, received.body, TOLERANCE_SECONDS)


WEBHOOKS = WebhookStyle(
    EVENT_TYPES,
    _envelope,
    _headers,
    _verify,
    versions=("v1", "v2"),
    endpoint_id=lambda rng, nth: f"whe_{rng.text('id:whe', nth, 32, HEX)}",
    delivery_id=lambda rng, nth: f"evtd_{rng.text('id:evtd', nth, 32, HEX)}",
)
