"""The interface that sends deliveries over HTTP, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SendResult:
    """The status of the receiver's response, or the error if there is no response."""

    status: int | None
    error: str | None = None
    body: bytes = b""
    seconds: float = 0.0

    @property
    def is_delivered(self) -> bool:
        """Whether the status is 200 to 299."""
        return self.status is not None and 200 <= self.status <= 299


class WebhookSender(Protocol):
    """Sends deliveries. The server implements it, because the engine opens no sockets."""

    def check(self, url: str) -> None:
        """Raises Refusal for a URL that must not be called."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:
        """Sends a POST request within ``seconds`` in total. Errors are in the result; none is raised."""


class NullWebhookSender:
    """Sends nothing: for an engine without a server."""

    def check(self, url: str) -> None:
        """Accepts any URL."""

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:  # noqa: ARG002
        return SendResult(None, "not sent: this engine has no webhook sender")
