"""Operations on events and webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply, format_instant, parse_instant
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.events.schemas import EventsQuery
from mockserver.providers.kota.values.records import DAY, format_date_time, platform_id, render_one
from mockserver.providers.kota.wire.lists import PageQuery, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

RETENTION = 30 * DAY
"""Microseconds for which an event can be read."""
_NO_ATTEMPT = {"status": None, "milliseconds": 0.0}
_EVENTS, _ENDPOINTS = "_events", "_endpoints"


def _render_event(call: Call, event: Record) -> dict[str, Any]:
    return {
        "id": event["id"],
        "platform_id": platform_id(call),
        "created": format_instant(event["created_at"], assumptions_of(call).fraction_digits),
        "type": event["type"],
        "data": event["data"],
        "api_version": "1.0" if event["version"] == "v1" else "2.0",
    }


def _list(call: Call) -> Reply:
    query: Any = call.query_parameters
    since = max(call.now - RETENTION, parse_instant(query.created_after) if query.created_after else 0)
    versions = _versions(call, query.version)
    events = (event for _, event in call.space.scan(_EVENTS, descending=query.order_direction == "desc"))
    selected = (event for event in events if event["created_at"] >= since and event["version"] in versions)
    return render_list(call, selected, lambda event: _render_event(call, event))


def _versions(call: Call, requested: str | None) -> set[str]:
    """Returns the versions of events to list: the requested version, or those of the registered endpoints."""
    if requested is not None:
        return {requested}
    all_versions = {"v1", "v2"}
    if assumptions_of(call).events_listed == "all":
        return all_versions
    return {endpoint["version"] for _, endpoint in call.space.scan(_ENDPOINTS)} or all_versions


def _require_event(call: Call, event: Record | None) -> Record:
    """Returns the event; refuses a missing event and an event that is too old with 404."""
    if event is None or event["created_at"] < call.now - RETENTION:
        raise Problem("not_found", "No event has this id.")
    return event


def _retrieve(call: Call) -> Reply:
    return render_one(call, _render_event(call, _require_event(call, call.space.get(_EVENTS, call.args["event_id"]))))


def _prepare_replay(call: Call) -> list[Record]:
    with call.sandbox.transaction() as space:
        event = _require_event(call, space.get(_EVENTS, call.args["event_id"]))
    return call.sandbox.outbox.replay(event)


def _replay(call: Call) -> Reply:
    # ``prepared`` has the deliveries after their new attempts; a delivery without an attempt was not sent.
    deliveries = [
        {
            "delivery_id": delivery["id"],
            "success": delivery["state"] == "delivered",
            "response_status_code": attempt["status"],
            "elapsed_time_ms": attempt["milliseconds"],
        }
        for delivery in call.prepared
        for attempt in delivery["attempts"][-1:] or [_NO_ATTEMPT]
    ]
    return render_one(call, {"event_id": call.args["event_id"], "deliveries": deliveries})


def _render_endpoint(call: Call, endpoint: Record) -> dict[str, Any]:
    created = format_date_time(call, endpoint["created_at"])
    return {
        "object": "webhook_endpoint",
        "id": endpoint["id"],
        "endpoint_url": endpoint["url"],
        "subscribed_events": endpoint["events"],
        "created_at": created,
    }


def _list_endpoints(call: Call) -> Reply:
    endpoints = (endpoint for _, endpoint in call.space.scan(_ENDPOINTS, descending=True))
    return render_list(call, endpoints, lambda endpoint: _render_endpoint(call, endpoint))


def _retrieve_endpoint(call: Call) -> Reply:
    endpoint = call.space.get(_ENDPOINTS, call.args["webhook_endpoint_id"])
    if endpoint is None:
        raise Problem("not_found", "No webhook endpoint has this id.")
    return render_one(call, _render_endpoint(call, endpoint))


def operations() -> Iterator[Operation]:
    event = response_model("events", "EventResponse")
    endpoint = response_model("events", "WebhookEndpointResponse")
    item_path = "/events/{event_id}"
    yield define_operation("get_event", f"GET {item_path}", _retrieve, "Get an event", response=event)
    yield define_operation(
        "list_events", "GET /events", _list, "List events", query=EventsQuery, response=paged_response_model(event)
    )
    yield define_operation(
        "replay_event", f"POST {item_path}/replay", _replay, "Send an event again", prepare=_prepare_replay,
        response=response_model("events", "ReplayEventResponse"),
    )  # fmt: skip
    yield define_operation(
        "get_webhook_endpoint", "GET /webhooks/endpoints/{webhook_endpoint_id}", _retrieve_endpoint,
        "Get a webhook endpoint", response=endpoint,
    )  # fmt: skip
    yield define_operation(
        "list_webhook_endpoints", "GET /webhooks/endpoints", _list_endpoints, "List webhook endpoints", query=PageQuery,
        response=paged_response_model(endpoint),
    )  # fmt: skip
