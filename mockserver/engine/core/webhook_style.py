"""How a provider tells others of its events: envelope, headers, signature, secrets, retries, all as one value."""

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
    """One attempt to deliver an event, as far as its headers depend on it."""

    event: Record
    delivery: str
    """The delivery's id; the same at every attempt."""
    at: int
    """The second of the sandbox's clock it is signed at, since 1970."""
    body: bytes
    secrets: tuple[str, ...]
    """The endpoint's secret, and before it ends the one before."""


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A delivery as its receiver sees it."""

    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    secrets: tuple[str, ...]
    now: int
    """The receiver's time, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class WebhookStyle:
    """Everything peculiar to a provider's webhooks."""

    types: tuple[str, ...]
    """The types of events an endpoint may ask for; ``*`` stands for all of them."""
    envelope: Callable[[SandboxView, Record], Any]
    """(sandbox, event) -> the body as plain data."""
    headers: Callable[[SandboxView, SigningInput], HeaderList]
    """The headers beside Content-Length and Host, signature among them."""
    verify: Callable[[ReceivedWebhook], None]
    """Refuses what a receiver must refuse, with Forged."""
    versions: tuple[str, ...] = ("",)
    """The forms an event is written in; an endpoint is told in one of them, the last where nothing is said."""
    generate_secret: Callable[[Randomness, str], str] = lambda dice, purpose: f"whsec_{dice.token(purpose, 1, 32)}"
    """(randomness, purpose) -> an endpoint's secret."""
    endpoint_id: Callable[[Randomness, int], str] = lambda dice, nth: f"we_{dice.text('endpoint', nth, 24, LOWER)}"
    delivery_id: Callable[[Randomness, int], str] = lambda dice, nth: f"del_{dice.text('delivery', nth, 24, LOWER)}"
    test_event_type: str | None = None
    """The type of the event that the vendor's console sends as a test; None where it sends none."""

    def is_subscribed(self, endpoint: Record, type: str, version: str) -> bool:
        """Whether an endpoint is to be told of an event of this type and form."""
        asked = endpoint["events"]
        return bool(endpoint["enabled"]) and version == endpoint["version"] and ("*" in asked or type in asked)
