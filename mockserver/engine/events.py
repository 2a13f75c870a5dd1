"""What happened in a sandbox, for those who are told: an event is kept only if its transaction commits."""

from __future__ import annotations

from typing import Any

from mockserver.storage.base import Space

KEPT = "_events"
BOUND = 10_000
"""So many events are kept per sandbox; the oldest go first."""


def emit(space: Space, now: int, id: str, type: str, data: Any) -> None:
    """Keep an event beside the change it tells of. ``data`` is what the provider shows of the record."""
    space.append(KEPT, {"id": id, "type": type, "created_at": now, "data": data}, keep=BOUND)
