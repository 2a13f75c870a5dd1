"""Response models of events and webhook endpoints."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.ids_and_enums import DeliveryId, EndpointId, EventId, PlatformId
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class EventResponse(ResponseModel):
    """An event; the member `api_version` is its version."""

    id: EventId
    platform_id: PlatformId
    created: DateTimeText
    type: str
    data: dict[str, Any] | None
    api_version: str | None = None


class ReplayDeliveryResponse(ResponseModel):
    """An item of the member `deliveries` of ReplayEventResponse: the result at one endpoint."""

    delivery_id: DeliveryId
    success: bool
    response_status_code: int | None
    elapsed_time_ms: float


class ReplayEventResponse(ResponseModel):
    """The results of sending an event again: one per endpoint."""

    event_id: EventId
    deliveries: list[ReplayDeliveryResponse]


class WebhookEndpointResponse(ResponseModel):
    """A webhook endpoint and the event types it subscribes to."""

    id: EndpointId
    endpoint_url: str
    subscribed_events: list[str]
    created_at: DateTimeText
    object: str | None = None


EventResponsePagedList = paged_list_model(EventResponse)
WebhookEndpointResponsePagedList = paged_list_model(WebhookEndpointResponse)
