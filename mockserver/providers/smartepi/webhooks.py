"""How SmartEPI tells of events: a small envelope under a timed signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mockserver.engine import (
    SECOND,
    InvalidSignature,
    ReceivedWebhook,
    Record,
    SigningInput,
    WebhookStyle,
    sign_timestamped,
    verify_timestamped,
)

if TYPE_CHECKING:
    from mockserver.engine import SandboxView
    from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions

EVENT_TYPES = ("withdrawal.created", "return.created", "exchange.created", "training_record.created", "webhook.test")
SIGNATURE_HEADER = "X-SmartEPI-Signature"
TOLERANCE_SECONDS = 300


def _envelope(_sandbox: SandboxView, event: Record) -> dict[str, Any]:
    created = event["created_at"] // SECOND
    return {"id": event["id"], "type": event["type"], "createdAt": created, "data": event["data"]}


def _headers(sandbox: SandboxView, letter: SigningInput) -> list[tuple[str, str]]:
    given = cast("SmartEPIAssumptions", sandbox.assumptions)
    cut = given.webhooks_signed_with == "bare"
    secrets = [secret.removeprefix("whsec_") if cut else secret for secret in letter.secrets]
    return [("Content-Type", "application/json"), (SIGNATURE_HEADER, sign_timestamped(secrets, letter.at, letter.body))]


def _verify(received: ReceivedWebhook) -> None:
    shown = received.headers.get(SIGNATURE_HEADER.lower())
    if shown is None:
        raise InvalidSignature(f"there is no {SIGNATURE_HEADER}")
    secrets = [form for secret in received.secrets for form in (secret, secret.removeprefix("whsec_"))]
    verify_timestamped(shown, secrets, received.now, received.body, TOLERANCE_SECONDS)


WEBHOOKS = WebhookStyle(EVENT_TYPES, _envelope, _headers, _verify, test_event_type="webhook.test")
