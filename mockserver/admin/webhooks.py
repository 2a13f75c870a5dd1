"""The handlers of the admin routes for webhook endpoints and deliveries."""

from __future__ import annotations

from typing import Any

from mockserver.admin import models, views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import SimulationContext, send_test_event


def list_webhooks(request: AdminRequest) -> Any:
    """List the webhook endpoints with their secrets."""
    return [views.render_endpoint(each) for each in request.sandbox.endpoints.all()]


def create_webhook(request: AdminRequest) -> Any:
    """Register a webhook endpoint."""
    new: models.NewWebhook = request.body
    return views.render_endpoint(request.sandbox.endpoints.add(**new.model_dump()))


def get_webhook(request: AdminRequest) -> Any:
    """Show one webhook endpoint."""
    return views.render_endpoint(request.sandbox.endpoints.get(request.args["endpoint"]))


def change_webhook(request: AdminRequest) -> Any:
    """Change the URL, events or description of a webhook endpoint, or enable or disable it."""
    changes = request.body.model_dump(exclude_none=True)
    return views.render_endpoint(request.sandbox.endpoints.update(request.args["endpoint"], **changes))


def delete_webhook(request: AdminRequest) -> Any:
    """Delete a webhook endpoint."""
    request.sandbox.endpoints.delete(request.args["endpoint"])


def rotate_webhook(request: AdminRequest) -> Any:
    """Give a webhook endpoint a new secret; the old secret also signs for the duration `overlap`."""
    return views.render_endpoint(
        request.sandbox.endpoints.rotate(request.args["endpoint"], request.body.overlap, request.body.secret)
    )


def test_webhook(request: AdminRequest) -> Any:
    """Send the vendor's test event to a webhook endpoint, and return the delivery."""
    sandbox = request.sandbox
    sandbox.endpoints.get(request.args["endpoint"])
    now = sandbox.now()
    with sandbox.transaction() as space:
        (delivery,) = send_test_event(SimulationContext(sandbox, now, space), request.args["endpoint"])
    return views.render_delivery(sandbox.outbox.deliver(delivery))


def list_deliveries(request: AdminRequest) -> Any:
    """List the most recent deliveries in chronological order, with all attempts."""
    query: models.DeliveriesQuery = request.query
    deliveries = [
        each
        for each in request.sandbox.outbox.all()
        if query.state in (None, each["state"]) and query.endpoint in (None, each["endpoint"])
    ]
    return [views.render_delivery(each) for each in deliveries[-query.limit :]]


def get_delivery(request: AdminRequest) -> Any:
    """Show one delivery with all attempts."""
    return views.render_delivery(request.sandbox.outbox.get(request.args["delivery"]))


def retry_delivery(request: AdminRequest) -> Any:
    """Attempt a delivery again now, and return the delivery."""
    return views.render_delivery(request.sandbox.outbox.retry(request.args["delivery"]))
