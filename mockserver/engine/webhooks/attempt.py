"""One attempt to deliver an event: what is sent, and what faults make of it; data, so that the sender asks no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mockserver.engine.core.randomness import Chance
from mockserver.engine.webhooks.endpoints import secrets
from mockserver.engine.webhooks.style import Letter, WebhookStyle, render, seconds
from mockserver.storage.base import Record

if TYPE_CHECKING:
    from mockserver.engine.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending: the status of an answer, or why there was none."""

    status: int | None
    error: str | None = None
    body: bytes = b""
    seconds: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status <= 299


class Post(Protocol):
    """Carries deliveries out of the server; supplied from outside, as waiting is."""

    def check(self, url: str) -> None:
        """Refuse a URL that may not be called; Refusal says why."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> Outcome:
        """POST a body within so many seconds in all; never raises."""


class Unsent:
    """Stands in where nothing carries deliveries out: an engine without a server around it."""

    def check(self, url: str) -> None:
        """Take any URL."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> Outcome:  # noqa: ARG002
        """Send nothing, and say so."""
        return Outcome(None, "this engine sends nothing")


@dataclass(slots=True)
class Attempt:
    """What is about to be sent. Faults change it; the sandbox's outbox then does what it says."""

    sandbox: Sandbox
    delivery: Record
    endpoint: Record
    now: int
    """The instant on the sandbox's clock it is made at."""
    body: bytes
    signed: bytes
    """The bytes the signature is made over."""
    signed_at: int
    secrets: tuple[str, ...]
    copies: int = 1
    dropped: bool = False
    """Never send it, now or later."""
    put_off: int | None = None
    """Send it so much later instead."""
    let_pass: bool = False
    """When put off: go as soon as another delivery of the endpoint has gone."""
    awaited: bool = False
    """Whether another delivery of the endpoint has been put off until this one has gone."""
    chance: Chance | None = None
    fired: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, sandbox: Sandbox, style: WebhookStyle, delivery: Record, endpoint: Record, now: int) -> Attempt:
        """The attempt as it would be without any fault."""
        body = render(style, sandbox, delivery["event"])
        return cls(sandbox, delivery, endpoint, now, body, body, now, secrets(endpoint, now))

    @property
    def first(self) -> bool:
        """Whether the delivery has neither been sent nor put off before."""
        return not self.delivery["attempts"] and not self.delivery["put_off"]

    @property
    def leaves(self) -> bool:
        """Whether anything is sent now."""
        return not self.dropped and self.put_off is None

    def headers(self, style: WebhookStyle) -> list[tuple[str, str]]:
        """The headers that go with it."""
        event, id = self.delivery["event"], self.delivery["id"]
        return style.headers(self.sandbox, Letter(event, id, seconds(self.signed_at), self.signed, self.secrets))
