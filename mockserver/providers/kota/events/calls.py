"""Events as they are read over the API and sent again, and the endpoints that hear of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply, iso, parse_instant
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.events.schemas import EventsPage
from mockserver.providers.kota.values.records import DAY, one, platform_id, written
from mockserver.providers.kota.wire.lists import Page, listed
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

RETENTION = 30 * DAY
_NOT_MADE = {"status": None, "milliseconds": 0.0}
_EVENTS, _ENDPOINTS = "_events", "_endpoints"


def _show(call: Call, event: Record) -> dict[str, Any]:
    return {
        "id": event["id"],
        "platform_id": platform_id(call),
        "created": iso(event["created_at"], assume(call).fraction_digits),
        "type": event["type"],
        "data": event["data"],
        "api_version": "1.0" if event["version"] == "v1" else "2.0",
    }


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    since = max(call.now - RETENTION, parse_instant(query.created_after) if query.created_after else 0)
    versions = _versions(call, query.version)
    walk = (event for _, event in call.space.scan(_EVENTS, descending=query.order_direction == "desc"))
    shown = (event for event in walk if event["created_at"] >= since and event["version"] in versions)
    return listed(call, shown, lambda event: _show(call, event))


def _versions(call: Call, asked: str | None) -> set[str]:
    if asked is not None:
        return {asked}
    everyone = {"v1", "v2"}
    if assume(call).events_listed == "all":
        return everyone
    return {endpoint["version"] for _, endpoint in call.space.scan(_ENDPOINTS)} or everyone


def _found(call: Call, event: Record | None) -> Record:
    if event is None or event["created_at"] < call.now - RETENTION:
        raise Problem("not_found", "No event has this id.")
    return event


def _retrieve(call: Call) -> Reply:
    return one(call, _show(call, _found(call, call.space.get(_EVENTS, call.args["event_id"]))))


def _send_again(call: Call) -> list[Record]:
    with call.sandbox.transaction() as space:
        event = _found(call, space.get(_EVENTS, call.args["event_id"]))
    return call.sandbox.outbox.replay(event)


def _replay(call: Call) -> Reply:
    deliveries = [
        {
            "delivery_id": delivery["id"],
            "success": delivery["state"] == "delivered",
            "response_status_code": attempt["status"],
            "elapsed_time_ms": attempt["milliseconds"],
        }
        for delivery in call.prepared
        for attempt in delivery["attempts"][-1:] or [_NOT_MADE]
    ]
    return one(call, {"event_id": call.args["event_id"], "deliveries": deliveries})


def _show_endpoint(call: Call, endpoint: Record) -> dict[str, Any]:
    created = written(call, endpoint["created_at"])
    return {
        "object": "webhook_endpoint",
        "id": endpoint["id"],
        "endpoint_url": endpoint["url"],
        "subscribed_events": endpoint["events"],
        "created_at": created,
    }


def _list_endpoints(call: Call) -> Reply:
    walk = (endpoint for _, endpoint in call.space.scan(_ENDPOINTS, descending=True))
    return listed(call, walk, lambda endpoint: _show_endpoint(call, endpoint))


def _retrieve_endpoint(call: Call) -> Reply:
    endpoint = call.space.get(_ENDPOINTS, call.args["webhook_endpoint_id"])
    if endpoint is None:
        raise Problem("not_found", "No webhook endpoint has this id.")
    return one(call, _show_endpoint(call, endpoint))


def operations() -> Iterator[Operation]:
    """The operations on events and on webhook endpoints."""
    event = shown("events", "EventResponse")
    endpoint = shown("events", "WebhookEndpointResponse")
    one_event = "/events/{event_id}"
    yield row("get_event", f"GET {one_event}", _retrieve, "Get an event", answer=event)
    yield row("list_events", "GET /events", _list, "List events", query=EventsPage, answer=paged(event))
    yield row(
        "replay_event", f"POST {one_event}/replay", _replay, "Send an event again", prepare=_send_again,
        answer=shown("events", "ReplayEventResponse"),
    )  # fmt: skip
    yield row(
        "get_webhook_endpoint", "GET /webhooks/endpoints/{webhook_endpoint_id}", _retrieve_endpoint,
        "Get a webhook endpoint", answer=endpoint,
    )  # fmt: skip
    yield row(
        "list_webhook_endpoints", "GET /webhooks/endpoints", _list_endpoints, "List webhook endpoints", query=Page,
        answer=paged(endpoint),
    )  # fmt: skip
