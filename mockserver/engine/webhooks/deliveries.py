"""Deliveries as they are kept: which endpoint each waits for, which is due first, and which go when there are many."""

from __future__ import annotations

import logging
from typing import Any

from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.webhooks import endpoints
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.storage.base import Record, Space

COLLECTION = "_deliveries"
MAX_DELIVERIES = 10_000
"""So many deliveries are kept per sandbox, waiting and done; those that are done go first, the oldest of them."""
FINAL_STATES = ("delivered", "failed", "dropped", "abandoned")
"""The states of a delivery that waits for nothing more; before that it is ``pending``."""
_log = logging.getLogger("testmode")


def enqueue(
    sandbox: WebhookOwner, space: Space, now: int, event: Record, only: str | None = None, *, once: bool = False
) -> list[str]:
    """Have an event delivered to everyone who asked for it, within the transaction it is told in.

    ``only`` names one endpoint, which then need not have asked; what goes ``once`` is not tried again by itself.
    Answers the deliveries' ids.
    """
    style = sandbox.provider.webhooks
    if style is None or not space.count(endpoints.COLLECTION):
        return []
    version = event.get("version", "")
    asked = [record for _, record in space.scan(endpoints.COLLECTION)]
    told = [
        each
        for each in asked
        if (style.is_subscribed(each, event["type"], version) if only is None else each["id"] == only)
    ]
    ids = []
    for endpoint in told:
        ids.append(style.delivery_id(sandbox.randomness, space.increment("deliveries")))
        _evict_oldest(sandbox.id, space)
        space.put(COLLECTION, _new_delivery(ids[-1], endpoint["id"], event, now, once))
    return ids


def _new_delivery(id: str, endpoint: str, event: Record, now: int, once: bool) -> dict[str, Any]:
    """A delivery of which nothing has become yet."""
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
        done = [next(space.scan(COLLECTION, field="state", equals=state), None) for state in FINAL_STATES]
        oldest = min((each for each in done if each is not None), key=lambda each: int(each[0][1]), default=None)
        _, gone = oldest or next(space.scan(COLLECTION))
        if oldest is None:
            _log.warning("%s: %d deliveries wait; %s is given up for a new one", sandbox, MAX_DELIVERIES, gone["id"])
        space.drop(COLLECTION, gone["id"])


def schedule_members(endpoint: str, due: int | None, behind: str | None = None) -> dict[str, Any]:
    """The members that say when a delivery leaves; None is never, ``behind`` names whom it lets go first."""
    return {"due": due, "lane": None if due is None else f"{endpoint}:{due:020d}", "behind": behind}


def next_per_endpoint(space: Space) -> list[Record]:
    """The first delivery that waits for each endpoint, in order; it costs what there are endpoints, not deliveries."""
    found: list[tuple[int, int, Record]] = []
    step = next(space.scan(COLLECTION, field="lane"), None)
    while step is not None:
        (_, nth), record = step
        found.append((record["due"], nth, record))
        # Behind the colon comes the semicolon: the walk goes on behind everything that waits for this endpoint.
        step = next(space.scan(COLLECTION, field="lane", after=(f"{record['endpoint']};", 0)), None)
    return [record for _, _, record in sorted(found)]


def release_postponed(space: Space, endpoint: str, now: int) -> None:
    """Let those go that were waiting for another delivery of the same endpoint."""
    for record in list(space.find(COLLECTION, "behind", endpoint)):
        space.put(COLLECTION, {**record, **schedule_members(endpoint, now)})


def get_delivery(space: Space, id: str) -> Record:
    """The delivery of that id; Unknown names the nearest."""
    record = space.get(COLLECTION, id)
    if record is None:
        newest = [each["id"] for _, each in space.scan(COLLECTION, descending=True)]
        raise UnknownName("delivery", id, newest[:20])
    return record


def get_pending(space: Space, id: str) -> Record | None:
    """The delivery of that id while nothing has become of it."""
    record = get_delivery(space, id)
    return record if record["state"] == "pending" else None


def get_deliverable(space: Space, id: str) -> Record:
    """The delivery of that id; Refusal says that its endpoint is gone or switched off."""
    record = get_delivery(space, id)
    endpoint = space.get(endpoints.COLLECTION, record["endpoint"])
    if endpoint is None:
        raise Refusal(f"the delivery {id!r} has nowhere to go: its webhook endpoint {record['endpoint']!r} is gone")
    if not endpoint["enabled"]:
        raise Refusal(f"the delivery {id!r} has nowhere to go: its webhook endpoint is switched off")
    return record
