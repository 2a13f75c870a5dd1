"""The style of Standard Webhooks, and how a delivery's body is made."""

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
"""The age in seconds up to which receivers take a signature, where nothing else is said."""


def standard_webhooks(types: tuple[str, ...]) -> WebhookStyle:
    """The style of https://www.standardwebhooks.com, for providers that follow it."""

    def headers(_sandbox: SandboxView, letter: SigningInput) -> HeaderList:
        id = letter.event["id"]
        return [
            ("Content-Type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", str(letter.at)),
            ("webhook-signature", signatures.sign_standard(letter.secrets, id, letter.at, letter.body)),
        ]

    def verify(received: ReceivedWebhook) -> None:
        signatures.verify_standard(received.headers, received.secrets, received.now, received.body, TOLERANCE_SECONDS)

    return WebhookStyle(types, _standard_envelope, headers, verify, generate_secret=_standard_secret)


def _standard_envelope(sandbox: SandboxView, event: Record) -> Any:  # noqa: ARG001
    return {"type": event["type"], "timestamp": format_instant(event["created_at"]), "data": event["data"]}


def _standard_secret(dice: Randomness, purpose: str) -> str:
    # 32 letters of URL-safe base64 are 24 bytes; the scheme takes plain base64.
    return f"whsec_{dice.token(purpose, 1, 32).replace('-', '+').replace('_', '/')}"


def render_body(style: WebhookStyle, sandbox: SandboxView, event: Record) -> bytes:
    """The body of a delivery, exactly as it is signed and sent."""
    return as_json(style.envelope(sandbox, event))


def to_unix_seconds(instant: int) -> int:
    """An instant of the engine as the seconds since 1970 that signatures are made of."""
    return instant // SECOND
