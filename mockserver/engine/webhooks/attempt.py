"""One attempt to deliver an event: what is sent, and what faults make of it; data, so that the sender asks no more."""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.randomness import Rng
from mockserver.engine.core.webhook_style import SigningInput, WebhookStyle
from mockserver.engine.webhooks.endpoints import signing_secrets
from mockserver.engine.webhooks.style import render_body, to_unix_seconds
from mockserver.storage.base import Record


@dataclass(slots=True)
class Attempt:
    """What is about to be sent. Faults change it; the sandbox's outbox then does what it says."""

    sandbox: SandboxView
    delivery: Record
    endpoint: Record
    now: int
    """The instant on the sandbox's clock it is made at."""
    body: bytes
    signed_body: bytes
    """The bytes the signature is made over."""
    signed_at: int
    secrets: tuple[str, ...]
    copies: int = 1
    dropped: bool = False
    """Never send it, now or later."""
    postponed_by: int | None = None
    """Send it so much later instead."""
    until_next_sent: bool = False
    """When put off: go as soon as another delivery of the endpoint has gone."""
    is_awaited: bool = False
    """Whether another delivery of the endpoint has been put off until this one has gone."""
    rng: Rng | None = None
    fired: list[str] = field(default_factory=list)

    @classmethod
    def create(cls, sandbox: SandboxView, style: WebhookStyle, delivery: Record, endpoint: Record, now: int) -> Attempt:
        """The attempt as it would be without any fault."""
        body = render_body(style, sandbox, delivery["event"])
        return cls(sandbox, delivery, endpoint, now, body, body, now, signing_secrets(endpoint, now))

    @property
    def is_first(self) -> bool:
        """Whether the delivery has neither been sent nor put off before."""
        return not self.delivery["attempts"] and not self.delivery["put_off"]

    @property
    def is_sent(self) -> bool:
        """Whether anything is sent now."""
        return not self.dropped and self.postponed_by is None

    def headers(self, style: WebhookStyle) -> list[tuple[str, str]]:
        """The headers that go with it."""
        event, id = self.delivery["event"], self.delivery["id"]
        return style.headers(
            self.sandbox, SigningInput(event, id, to_unix_seconds(self.signed_at), self.signed_body, self.secrets)
        )
