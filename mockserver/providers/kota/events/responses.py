"""What answers show of events and webhook endpoints."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.ids_and_enums import DeliveryId, EndpointId, EventId, PlatformId
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class EventResponse(ResponseModel):
    """Event response."""

    id: EventId
    platform_id: PlatformId
    created: DateTimeText
    type: str
    data: dict[str, Any] | None
    api_version: str | None = None


class ReplayDeliveryResponse(ResponseModel):
    """Replay delivery response."""

    delivery_id: DeliveryId
    success: bool
    response_status_code: int | None
    elapsed_time_ms: float


class ReplayEventResponse(ResponseModel):
    """Replay event response."""

    event_id: EventId
    deliveries: list[ReplayDeliveryResponse]


class WebhookEndpointResponse(ResponseModel):
    """Webhook endpoint response."""

    id: EndpointId
    endpoint_url: str
    subscribed_events: list[str]
    created_at: DateTimeText
    object: str | None = None


EventResponsePagedList = paged_list_model(EventResponse)
WebhookEndpointResponsePagedList = paged_list_model(WebhookEndpointResponse)
