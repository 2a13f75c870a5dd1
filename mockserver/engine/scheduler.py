"""What falls due when: timers are kept with the sandbox's records and run in order when its clock reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Any

from mockserver.engine.problem import Refusal
from mockserver.storage.base import COUNTERS, Record, Space

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


def due_by(space: Space, instant: int, most: int) -> Iterator[Record]:
    """The timers that are due by an instant, the next one first; some of them, when what they do changes their order.

    They are looked up together, and no further once anything is scheduled, put off or called off meanwhile.
    """
    due = takewhile(lambda timer: int(timer["due"]) <= instant, pending(space))
    scheduled = _scheduled(space)
    for nth, timer in enumerate(list(islice(due, most))):
        if nth and (space.get(KEPT, timer["id"]) is not timer or _scheduled(space) != scheduled):
            return
        yield timer


def _scheduled(space: Space) -> Record | None:
    return space.get(COUNTERS, "timers")


def pending(space: Space) -> Iterator[Record]:
    """All timers, the next one first; ties go by the order of scheduling."""
    return (record for _, record in space.scan(KEPT, field="due"))
