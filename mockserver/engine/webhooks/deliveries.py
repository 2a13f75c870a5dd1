"""Creates, schedules, finds and evicts the records of deliveries."""

from __future__ import annotations

import logging
from typing import Any

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.webhooks import endpoints
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.storage.base import Record, Space

COLLECTION = "_deliveries"
MAX_DELIVERIES = 10_000
"""Stored deliveries per sandbox; beyond it the oldest delivery in a final state is deleted."""
FINAL_STATES = ("delivered", "failed", "dropped", "abandoned")
"""The states of deliveries that only an operator can send again; the only other state is ``pending``."""
_log = logging.getLogger("testmode")


def enqueue(
    sandbox: WebhookOwner, space: Space, now: int, event: Record, endpoint: str | None = None, *, once: bool = False
) -> list[str]:
    """Creates a delivery of the event for each subscribed endpoint, in the caller's transaction; returns the ids.

    With ``endpoint``, only that endpoint gets a delivery, subscribed or not. A delivery with ``once`` has no retries.
    """
    style = sandbox.provider.webhooks
    if style is None or not space.count(endpoints.COLLECTION):
        return []
    version = event.get("version", "")
    known = [record for _, record in space.scan(endpoints.COLLECTION)]
    receivers = [
        each
        for each in known
        if (style.is_subscribed(each, event["type"], version) if endpoint is None else each["id"] == endpoint)
    ]
    ids = []
    for receiver in receivers:
        ids.append(style.delivery_id(sandbox.randomness, space.increment("deliveries")))
        _evict_oldest(sandbox.id, space)
        space.put(COLLECTION, _new_delivery(ids[-1], receiver["id"], event, now, once))
    return ids


def _new_delivery(id: str, endpoint: str, event: Record, now: int, once: bool) -> dict[str, Any]:
    return {
        "id": id,
        "endpoint": endpoint,
        "event": event,
        "state": "pending",
        **schedule_members(endpoint, now),
        "once": once,
        "put_off": False,
        "tries": 0,
        "attempts": [],
        "faults": [],
    }


def _evict_oldest(sandbox: str, space: Space) -> None:
    while space.count(COLLECTION) >= MAX_DELIVERIES:
        final = [next(space.scan(COLLECTION, field="state", equals=state), None) for state in FINAL_STATES]
        oldest = min((each for each in final if each is not None), key=lambda each: int(each[0][1]), default=None)
        _, evicted = oldest or next(space.scan(COLLECTION))
        if oldest is None:
            _log.warning(
                "%s: %d deliveries are pending, the maximum; %s is deleted for a new one",
                sandbox,
                MAX_DELIVERIES,
                evicted["id"],
            )
        space.drop(COLLECTION, evicted["id"])


def schedule_members(endpoint: str, due: int | None, behind: str | None = None) -> dict[str, Any]:
    """Returns the members of a delivery that schedule it.

    With ``due`` None it is never due. With ``behind``, the id of an endpoint, it also becomes due when another delivery
    to that endpoint is sent.
    """
    return {"due": due, "lane": None if due is None else f"{endpoint}:{due:020d}", "behind": behind}


def next_per_endpoint(space: Space) -> list[Record]:
    """Returns the first waiting delivery per endpoint, by due instant; the cost depends on the number of endpoints."""
    heads: list[tuple[int, int, Record]] = []
    head = next(space.scan(COLLECTION, field="lane"), None)
    while head is not None:
        (_, nth), record = head
        heads.append((record["due"], nth, record))
        # A lane is "<endpoint>:<due>", and ";" follows ":" in ASCII: the next scan skips the rest of this endpoint.
        head = next(space.scan(COLLECTION, field="lane", after=(f"{record['endpoint']};", 0)), None)
    return [record for _, _, record in sorted(heads)]


def release_postponed(space: Space, endpoint: str, now: int) -> None:
    """Makes those deliveries due that wait until another delivery to the endpoint is sent."""
    for record in list(space.find(COLLECTION, "behind", endpoint)):
        space.put(COLLECTION, {**record, **schedule_members(endpoint, now)})


def get_delivery(space: Space, id: str) -> Record:
    """Returns a delivery; raises UnknownName with the nearest id."""
    record = space.get(COLLECTION, id)
    if record is None:
        newest = [each["id"] for _, each in space.scan(COLLECTION, descending=True)]
        raise UnknownName("delivery", id, newest[:20])
    return record


def get_pending(space: Space, id: str) -> Record | None:
    """Returns a delivery if it is still pending, otherwise None; raises UnknownName for an unknown id."""
    record = get_delivery(space, id)
    return record if record["state"] == "pending" else None


def get_deliverable(space: Space, id: str) -> Record:
    """Returns a delivery; raises UnknownName for an unknown id, Refusal when its endpoint is deleted or disabled."""
    record = get_delivery(space, id)
    endpoint = space.get(endpoints.COLLECTION, record["endpoint"])
    if endpoint is None:
        raise Refusal(f"the delivery {id!r} cannot be sent: its webhook endpoint {record['endpoint']!r} is deleted")
    if not endpoint["enabled"]:
        raise Refusal(f"the delivery {id!r} cannot be sent: its webhook endpoint is disabled; enable it")
    return record
