"""Test cases for Kota's events, and helpers to write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.harness import Harness

Action = Callable[[Harness], None]


@dataclass(frozen=True, slots=True)
class EventCase:
    """An action, and the types of all events about one kind of object that it emits."""

    name: str
    prefix: str
    """The beginning of the event types."""
    suffixes: tuple[str, ...]
    """The rest of each event type, oldest first."""
    act: Action

    @property
    def types(self) -> list[str]:
        """The event types, oldest first."""
        return [f"{self.prefix}.{each}" for each in self.suffixes]


class EventCases(list[EventCase]):
    """The cases of a module."""

    def emits(self, about: str, *suffixes: str) -> Callable[[Action], Action]:
        """Register a case: `about` begins its event types, and each suffix ends one of them."""

        def register(act: Action) -> Action:
            self.append(EventCase(act.__name__, about, suffixes, act))
            return act

        return register


def put(harness: Harness, path: str, body: Any) -> None:
    """Send a PUT request, and assert that it succeeds."""
    assert harness.request("PUT", path, json=body).status_code == 200


def post(harness: Harness, path: str, body: Any = None) -> None:
    """Send a POST request, and assert that it succeeds with or without a body."""
    assert harness.request("POST", path, **({} if body is None else {"json": body})).status_code in (200, 204)


def outcome_metadata(kind: str, state: str) -> dict[str, Any]:
    """Returns the metadata with which an object of this kind reaches this state."""
    return {"metadata": {f"testmode.{kind}": state}}
