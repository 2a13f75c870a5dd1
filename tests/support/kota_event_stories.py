"""Little stories of what is told at Kota, and short ways to write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.worlds import World

Act = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens, and all that is told of one kind of object meanwhile."""

    name: str
    about: str
    """What the types told of begin with."""
    told: tuple[str, ...]
    """How the types go on, oldest first."""
    act: Act

    @property
    def types(self) -> list[str]:
        """The types it comes to, oldest first."""
        return [f"{self.about}.{each}" for each in self.told]


class Happenings(list[Happening]):
    """The stories of a module."""

    def tells(self, about: str, *told: str) -> Callable[[Act], Act]:
        """Say what a story comes to."""

        def keep(act: Act) -> Act:
            self.append(Happening(act.__name__, about, told, act))
            return act

        return keep


def put(world: World, path: str, body: Any) -> None:
    """PUT, which has to succeed."""
    assert world.ask("PUT", path, json=body).status_code == 200


def post(world: World, path: str, body: Any = None) -> None:
    """POST, which has to succeed, whether it answers something or not."""
    assert world.ask("POST", path, **({} if body is None else {"json": body})).status_code in (200, 204)


def wanting(kind: str, state: str) -> dict[str, Any]:
    """A field that has an object come out in a state."""
    return {"metadata": {f"testmode.{kind}": state}}
