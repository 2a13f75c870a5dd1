"""How a provider sends webhooks: envelope, headers, signature, secrets and ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.randomness import LOWER, Randomness
from mockserver.storage.base import Record

HeaderList = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SigningInput:
    """The parts of a delivery attempt from which its headers and signature are computed."""

    event: Record
    delivery: str
    """The delivery's id, the same for every attempt."""
    at: int
    """The time of signing on the sandbox's clock, in seconds since 1970."""
    body: bytes
    secrets: tuple[str, ...]
    """The endpoint's secret and, during its grace period, the previous one."""


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A webhook request as its receiver gets it."""

    headers: Mapping[str, str]
    """Names are in lower case."""
    body: bytes
    secrets: tuple[str, ...]
    now: int
    """The time on the receiver's clock, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class WebhookStyle:
    """Everything peculiar to a provider's webhooks."""

    types: tuple[str, ...]
    """The event types that an endpoint can subscribe to; ``*`` means all of them."""
    envelope: Callable[[SandboxView, Record], Any]
    """(sandbox, event) -> the body as JSON data."""
    headers: Callable[[SandboxView, SigningInput], HeaderList]
    """(sandbox, signing input) -> the headers, with the signature but without Content-Length and Host."""
    verify: Callable[[ReceivedWebhook], None]
    """Raises InvalidSignature if a receiver must refuse the webhook."""
    versions: tuple[str, ...] = ("",)
    """The versions in which events are sent. An endpoint receives one of them, by default the last."""
    generate_secret: Callable[[Randomness, str], str] = lambda random, purpose: f"whsec_{random.token(purpose, 1, 32)}"
    """(randomness, purpose) -> an endpoint's secret."""
    endpoint_id: Callable[[Randomness, int], str] = lambda random, nth: f"we_{random.text('endpoint', nth, 24, LOWER)}"
    delivery_id: Callable[[Randomness, int], str] = lambda random, nth: f"del_{random.text('delivery', nth, 24, LOWER)}"
    test_event_type: str | None = None
    """The type of the test event that the vendor's console sends; None if it sends none."""

    def is_subscribed(self, endpoint: Record, type: str, version: str) -> bool:
        """Whether an endpoint is enabled and receives events of this type and version."""
        types = endpoint["events"]
        return bool(endpoint["enabled"]) and version == endpoint["version"] and ("*" in types or type in types)
