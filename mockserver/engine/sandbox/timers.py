"""Stores the timers of a sandbox as records, and reads them in the order of their due instants."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mockserver.engine.core.problem import Refusal
from mockserver.storage.base import COUNTERS, Record, Space

COLLECTION = "_timers"
MAX_TIMERS = 10_000
"""Waiting timers per sandbox; one more is refused."""


def schedule(space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
    """Stores a timer that runs the simulation ``action`` at the instant ``due``; returns its id.

    Raises Refusal beyond ``MAX_TIMERS``.
    """
    if space.count(COLLECTION) >= MAX_TIMERS:
        raise Refusal(f"{MAX_TIMERS} timers are waiting already, the maximum; advance the clock or reset the sandbox")
    nth = space.increment("timers")
    record = timer_record(f"timer_{nth}", due, action, parameters)
    space.put(COLLECTION, record)
    return str(record["id"])


def timer_record(id: str, due: int, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns the record of a timer, for seed data; ``id`` must not have the form that ``schedule`` gives."""
    return {"id": id, "due": f"{due:020d}", "action": action, "parameters": parameters}


def due_timers(space: Space, instant: int, limit: int) -> Iterator[tuple[int, Record]]:
    """Yields at most ``limit`` timers due at ``instant`` or before, the earliest first, each with its due instant.

    The timers are read together, so the iteration ends early when the caller schedules a timer, or changes or deletes
    the timer that comes next.
    """
    scheduled = space.get(COUNTERS, "timers")
    for due, timer in _first_due(space, instant, limit):
        if space.get(COLLECTION, timer["id"]) is not timer or space.get(COUNTERS, "timers") is not scheduled:
            return
        yield due, timer


def _first_due(space: Space, instant: int, limit: int) -> list[tuple[int, Record]]:
    timers: list[tuple[int, Record]] = []
    for timer in islice(pending(space), limit):
        due = int(timer["due"])
        if due > instant:
            break
        timers.append((due, timer))
    return timers


def pending(space: Space) -> Iterator[Record]:
    """Yields all timers, the earliest first; timers with equal instants in the order of scheduling."""
    return (record for _, record in space.scan(COLLECTION, field="due"))
