"""What happened in a sandbox, for those who are told: an event is kept only if its transaction commits."""

from __future__ import annotations

from typing import Any

from mockserver.engine.core.simulation import WriteContext

COLLECTION = "_events"
MAX_EVENTS = 10_000
"""So many events are kept per sandbox; the oldest go first."""


def emit(at: WriteContext, id: str, type: str, data: Any, version: str = "") -> None:
    """Keep an event beside the change it tells of, and have it delivered.

    ``data`` is what the provider shows of the record; ``version`` tells apart the forms of an event that a provider
    writes in more than one.
    """
    event = {"id": id, "type": type, "created_at": at.now, "data": data}
    event = {**event, "version": version} if version else event
    at.space.append(COLLECTION, event, max_records=MAX_EVENTS)
    at.sandbox.outbox.enqueue(at.space, at.now, event)


def send_test_event(at: WriteContext, endpoint: str) -> list[str]:
    """Send an endpoint, once, the event that the vendor's console sends as a test; Refusal where it sends none."""
    return at.sandbox.outbox.send_test(at.space, at.now, endpoint)
