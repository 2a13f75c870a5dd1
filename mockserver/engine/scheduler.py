"""What falls due when: timers are kept with the sandbox's records and run in order when its clock reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine.problem import Refusal
from mockserver.storage.base import Record, Space

KEPT = "_timers"
BOUND = 10_000
"""So many things may wait to happen in a sandbox."""


def schedule(space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
    """Have ``action`` done at an instant of the sandbox's clock; answers the timer's id."""
    if space.count(KEPT) >= BOUND:
        raise Refusal(f"{BOUND} things are waiting to happen already")
    nth = space.bump("timers")
    kept = timer(f"timer_{nth}", due, action, parameters)
    space.put(KEPT, kept)
    return str(kept["id"])


def timer(id: str, due: int, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A timer as it is kept, for what a sandbox begins with; its id must not be one that ``schedule`` gives."""
    return {"id": id, "due": f"{due:020d}", "action": action, "parameters": parameters}


def due_by(space: Space, instant: int) -> Record | None:
    """The timer that is due first, when it is due by the given instant."""
    first = next(pending(space), None)
    return first if first is not None and int(first["due"]) <= instant else None


def pending(space: Space) -> Iterator[Record]:
    """All timers, the next one first; ties go by the order of scheduling."""
    return (record for _, record in space.scan(KEPT, field="due"))
