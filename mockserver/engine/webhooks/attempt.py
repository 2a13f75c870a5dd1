"""One attempt of a delivery as data: the request that is sent after faults have changed it."""

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
    """An attempt before it is sent. Faults change it, then the outbox sends it."""

    sandbox: SandboxView
    delivery: Record
    endpoint: Record
    now: int
    """The instant of the attempt on the sandbox's clock."""
    body: bytes
    signed_body: bytes
    """The bytes that the signature is computed over; a fault can make them differ from ``body``."""
    signed_at: int
    """The instant that the signature states."""
    secrets: tuple[str, ...]
    copies: int = 1
    """How often the request is sent in a row."""
    dropped: bool = False
    """Whether the delivery is discarded: it is not sent and ends in the state ``dropped``."""
    postponed_by: int | None = None
    """The number of microseconds by which the attempt is postponed, or None."""
    until_next_sent: bool = False
    """Whether a postponed delivery becomes due earlier, when another delivery to the endpoint is sent."""
    is_awaited: bool = False
    """Whether another delivery to the endpoint is postponed until this one is sent."""
    rng: Rng | None = None
    """The rng of the current fault."""
    fired: list[str] = field(default_factory=list)
    """The ids of the fault rules that hit the attempt."""

    @classmethod
    def create(cls, sandbox: SandboxView, style: WebhookStyle, delivery: Record, endpoint: Record, now: int) -> Attempt:
        """Returns the attempt before faults change it."""
        body = render_body(style, sandbox, delivery["event"])
        return cls(sandbox, delivery, endpoint, now, body, body, now, signing_secrets(endpoint, now))

    @property
    def is_first(self) -> bool:
        """Whether the delivery was neither sent nor postponed before."""
        return not self.delivery["attempts"] and not self.delivery["put_off"]

    @property
    def is_sent(self) -> bool:
        """Whether the attempt is neither dropped nor postponed."""
        return not self.dropped and self.postponed_by is None

    def headers(self, style: WebhookStyle) -> list[tuple[str, str]]:
        """Returns the headers with the signature, without those that the sender adds."""
        event, id = self.delivery["event"], self.delivery["id"]
        return style.headers(
            self.sandbox, SigningInput(event, id, to_unix_seconds(self.signed_at), self.signed_body, self.secrets)
        )
