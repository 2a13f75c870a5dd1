"""Stores events and enqueues their deliveries, in the transaction of the change that they announce."""

from __future__ import annotations

from typing import Any

from mockserver.engine.core.simulation import WriteContext

COLLECTION = "_events"
MAX_EVENTS = 10_000
"""Events per sandbox; beyond it the oldest are deleted."""


def emit(at: WriteContext, id: str, type: str, data: Any, version: str = "") -> None:
    """Stores an event in the transaction of the change that it announces, and enqueues its deliveries.

    ``data`` is the record as the provider renders it. ``version`` is for providers that send several versions.
    """
    event = {"id": id, "type": type, "created_at": at.now, "data": data}
    event = {**event, "version": version} if version else event
    at.space.append(COLLECTION, event, max_records=MAX_EVENTS)
    at.sandbox.outbox.enqueue(at.space, at.now, event)


def send_test_event(at: WriteContext, endpoint: str) -> list[str]:
    """Enqueues the vendor's test event for an endpoint, without retries; returns the ids of the deliveries.

    Raises Refusal when the provider has no test event.
    """
    return at.sandbox.outbox.send_test(at.space, at.now, endpoint)
