"""What falls due when: timers are kept with the sandbox's records and run in order when its clock reaches them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mockserver.engine.core.problem import Refusal
from mockserver.storage.base import COUNTERS, Record, Space

COLLECTION = "_timers"
MAX_TIMERS = 10_000
"""So many things may wait to happen in a sandbox."""


def schedule(space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
    """Have ``action`` done at an instant of the sandbox's clock; answers the timer's id."""
    if space.count(COLLECTION) >= MAX_TIMERS:
        raise Refusal(f"{MAX_TIMERS} things are waiting to happen already")
    nth = space.increment("timers")
    kept = timer_record(f"timer_{nth}", due, action, parameters)
    space.put(COLLECTION, kept)
    return str(kept["id"])


def timer_record(id: str, due: int, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A timer as it is kept, for what a sandbox begins with; its id must not be one that ``schedule`` gives."""
    return {"id": id, "due": f"{due:020d}", "action": action, "parameters": parameters}


def due_timers(space: Space, instant: int, most: int) -> Iterator[tuple[int, Record]]:
    """The timers that are due by an instant, each behind when it is, the next one first, and at most so many.

    They are looked up together, and no further once anything is scheduled, put off or called off meanwhile.
    """
    scheduled = space.get(COUNTERS, "timers")
    for due, timer in _first_due(space, instant, most):
        if space.get(COLLECTION, timer["id"]) is not timer or space.get(COUNTERS, "timers") is not scheduled:
            return
        yield due, timer


def _first_due(space: Space, instant: int, most: int) -> list[tuple[int, Record]]:
    found: list[tuple[int, Record]] = []
    for timer in islice(pending(space), most):
        due = int(timer["due"])
        if due > instant:
            break
        found.append((due, timer))
    return found


def pending(space: Space) -> Iterator[Record]:
    """All timers, the next one first; ties go by the order of scheduling."""
    return (record for _, record in space.scan(COLLECTION, field="due"))
