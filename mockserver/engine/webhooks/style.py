"""The style of Standard Webhooks, and the function that renders a delivery's body."""

from __future__ import annotations

from typing import Any

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.clock import SECOND, format_instant
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.webhook_style import HeaderList, ReceivedWebhook, SigningInput, WebhookStyle
from mockserver.engine.webhooks import signatures
from mockserver.storage.base import Record

TOLERANCE_SECONDS = 300
"""The age in seconds up to which a receiver accepts a signature."""


def standard_webhooks(types: tuple[str, ...]) -> WebhookStyle:
    """Returns the style of https://www.standardwebhooks.com with these event types."""

    def headers(_sandbox: SandboxView, signing: SigningInput) -> HeaderList:
        id = signing.event["id"]
        return [
            ("Content-Type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", str(signing.at)),
            ("webhook-signature", signatures.sign_standard(signing.secrets, id, signing.at, signing.body)),
        ]

    def verify(received: ReceivedWebhook) -> None:
        signatures.verify_standard(received.headers, received.secrets, received.now, received.body, TOLERANCE_SECONDS)

    return WebhookStyle(types, _standard_envelope, headers, verify, generate_secret=_standard_secret)


def _standard_envelope(sandbox: SandboxView, event: Record) -> Any:  # noqa: ARG001
    return {"type": event["type"], "timestamp": format_instant(event["created_at"]), "data": event["data"]}


def _standard_secret(randomness: Randomness, purpose: str) -> str:
    # 32 characters of base64 are 24 bytes. The scheme needs the standard alphabet instead of the URL-safe one.
    return f"whsec_{randomness.token(purpose, 1, 32).replace('-', '+').replace('_', '/')}"


def render_body(style: WebhookStyle, sandbox: SandboxView, event: Record) -> bytes:
    """Returns the bytes of the body that are signed and sent."""
    return as_json(style.envelope(sandbox, event))


def to_unix_seconds(instant: int) -> int:
    return instant // SECOND
