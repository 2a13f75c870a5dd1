"""What answers show of events and webhook endpoints."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At
from mockserver.providers.kota.values.terms import DeliveryId, EndpointId, EventId, PlatformId


class EventResponse(Shown):
    """Event response."""

    id: EventId
    platform_id: PlatformId
    created: At
    type: str
    data: dict[str, Any] | None
    api_version: str | None = None


class ReplayDeliveryResponse(Shown):
    """Replay delivery response."""

    delivery_id: DeliveryId
    success: bool
    response_status_code: int | None
    elapsed_time_ms: float


class ReplayEventResponse(Shown):
    """Replay event response."""

    event_id: EventId
    deliveries: list[ReplayDeliveryResponse]


class WebhookEndpointResponse(Shown):
    """Webhook endpoint response."""

    id: EndpointId
    endpoint_url: str
    subscribed_events: list[str]
    created_at: At
    object: str | None = None


EventResponsePagedList = paged(EventResponse)
WebhookEndpointResponsePagedList = paged(WebhookEndpointResponse)
