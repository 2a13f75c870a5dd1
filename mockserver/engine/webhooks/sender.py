"""What carries deliveries out of the server, and what comes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SendResult:
    """What came of sending: the status of an answer, or why there was none."""

    status: int | None
    error: str | None = None
    body: bytes = b""
    seconds: float = 0.0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken it: any status from 200 to 299."""
        return self.status is not None and 200 <= self.status <= 299


class WebhookSender(Protocol):
    """Carries deliveries out of the server; supplied from outside, as waiting is."""

    def check(self, url: str) -> None:
        """Refuse a URL that may not be called; Refusal says why."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:
        """POST a body within so many seconds in all; never raises."""


class NullWebhookSender:
    """Stands in where nothing carries deliveries out: an engine without a server around it."""

    def check(self, url: str) -> None:
        """Take any URL."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:  # noqa: ARG002
        """Send nothing, and say so."""
        return SendResult(None, "this engine sends nothing")
