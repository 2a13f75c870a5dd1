"""How SmartEPI tells of events: a small envelope under a timed signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import SECOND, Forged, Letter, Received, Record, WebhookStyle, check_timed, timed

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions

TYPES = ("withdrawal.created", "return.created", "exchange.created", "training_record.created", "webhook.test")
SIGNATURE = "X-SmartEPI-Signature"
TOLERANCE = 300


def _envelope(_sandbox: SandboxView, event: Record) -> dict[str, Any]:
    created = event["created_at"] // SECOND
    return {"id": event["id"], "type": event["type"], "createdAt": created, "data": event["data"]}


def _headers(sandbox: SandboxView, letter: Letter) -> list[tuple[str, str]]:
    given = cast("SmartEPIAssumptions", sandbox.assumptions)
    cut = given.webhooks_signed_with == "bare"
    secrets = [secret.removeprefix("whsec_") if cut else secret for secret in letter.secrets]
    return [("Content-Type", "application/json"), (SIGNATURE, timed(secrets, letter.at, letter.body))]


def _verify(received: Received) -> None:
    shown = received.headers.get(SIGNATURE.lower())
    if shown is None:
        raise Forged(f"there is no {SIGNATURE}")
    secrets = [form for secret in received.secrets for form in (secret, secret.removeprefix("whsec_"))]
    check_timed(shown, secrets, received.now, received.body, TOLERANCE)


WEBHOOKS = WebhookStyle(TYPES, _envelope, _headers, _verify, test="webhook.test")
