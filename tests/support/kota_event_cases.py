"""Little stories of what is told at Kota, and short ways to write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.harness import Harness

Action = Callable[[Harness], None]


@dataclass(frozen=True, slots=True)
class EventCase:
    """Something that happens, and all that is told of one kind of object meanwhile."""

    name: str
    prefix: str
    """What the types told of begin with."""
    suffixes: tuple[str, ...]
    """How the types go on, oldest first."""
    act: Action

    @property
    def types(self) -> list[str]:
        """The types it comes to, oldest first."""
        return [f"{self.prefix}.{each}" for each in self.suffixes]


class EventCases(list[EventCase]):
    """The stories of a module."""

    def emits(self, about: str, *told: str) -> Callable[[Action], Action]:
        """Say what a story comes to."""

        def keep(act: Action) -> Action:
            self.append(EventCase(act.__name__, about, told, act))
            return act

        return keep


def put(harness: Harness, path: str, body: Any) -> None:
    """PUT, which has to succeed."""
    assert harness.request("PUT", path, json=body).status_code == 200


def post(harness: Harness, path: str, body: Any = None) -> None:
    """POST, which has to succeed, whether it answers something or not."""
    assert harness.request("POST", path, **({} if body is None else {"json": body})).status_code in (200, 204)


def outcome_metadata(kind: str, state: str) -> dict[str, Any]:
    """A field that has an object come out in a state."""
    return {"metadata": {f"testmode.{kind}": state}}
