"""How Kota tells of events: in one of two versions, under a timed signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import HEX, Forged, Letter, Received, Record, WebhookStyle, check_timed, iso, timed
from mockserver.providers.kota.events.types import TYPES
from mockserver.providers.kota.values.records import platform

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.kota.assumptions import KotaAssumptions

SIGNATURE = "x-kota-webhook-signature"
TOLERANCE = 300
_VERSION = {"v1": {"api_version": "1.0"}, "v2": {"version": "V2"}}


def _envelope(sandbox: SandboxView, event: Record) -> dict[str, Any]:
    given = cast("KotaAssumptions", sandbox.assumptions)
    created = iso(event["created_at"], given.fraction_digits)
    names = {"both": ("created_at", "created")}.get(given.webhook_time, (given.webhook_time,))
    said = {"id": event["id"], "type": event["type"], "platform_id": platform(sandbox), "data": event["data"]}
    return {**said, **dict.fromkeys(names, created), "object": "event", **_VERSION[event["version"]]}


def _headers(_sandbox: SandboxView, letter: Letter) -> list[tuple[str, str]]:
    return [("Content-Type", "application/json"), (SIGNATURE, timed(letter.secrets, letter.at, letter.body))]


def _verify(received: Received) -> None:
    shown = received.headers.get(SIGNATURE)
    if shown is None:
        raise Forged(f"there is no {SIGNATURE}")
    check_timed(shown, received.secrets, received.now, received.body, TOLERANCE)


WEBHOOKS = WebhookStyle(
    TYPES,
    _envelope,
    _headers,
    _verify,
    versions=("v1", "v2"),
    endpoint_id=lambda dice, nth: f"whe_{dice.text('id:whe', nth, 32, HEX)}",
    delivery_id=lambda dice, nth: f"evtd_{dice.text('id:evtd', nth, 32, HEX)}",
)
