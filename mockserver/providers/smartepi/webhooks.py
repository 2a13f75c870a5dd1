"""SmartEPI's webhooks: a small envelope with a timestamped signature."""

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
    created_at = event["created_at"] // SECOND
    return {"id": event["id"], "type": event["type"], "createdAt": created_at, "data": event["data"]}


def _headers(sandbox: SandboxView, signing_input: SigningInput) -> list[tuple[str, str]]:
    assumptions = cast("SmartEPIAssumptions", sandbox.assumptions)
    without_prefix = assumptions.webhooks_signed_with == "bare"
    secrets = [secret.removeprefix("whsec_") if without_prefix else secret for secret in signing_input.secrets]
    return [
        ("Content-Type", "application/json"),
        (SIGNATURE_HEADER, sign_timestamped(secrets, signing_input.at, signing_input.body)),
    ]


def _verify(received: ReceivedWebhook) -> None:
    signature = received.headers.get(SIGNATURE_HEADER.lower())
    if signature is None:
        raise InvalidSignature(f"the header {SIGNATURE_HEADER} is missing")
    secrets = [variant for secret in received.secrets for variant in (secret, secret.removeprefix("whsec_"))]
    verify_timestamped(signature, secrets, received.now, received.body, TOLERANCE_SECONDS)


WEBHOOKS = WebhookStyle(EVENT_TYPES, _envelope, _headers, _verify, test_event_type="webhook.test")
