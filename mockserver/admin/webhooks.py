"""Webhook endpoints and deliveries, a console matter with every vendor: what each of their admin routes does."""

from __future__ import annotations

from typing import Any

from mockserver.admin import models, views
from mockserver.admin.admin_request import AdminRequest
from mockserver.engine import SimulationContext, send_test_event


def list_webhooks(request: AdminRequest) -> Any:
    """The webhook endpoints, with their secrets."""
    return [views.endpoint(each) for each in request.sandbox.endpoints.all()]


def create_webhook(request: AdminRequest) -> Any:
    """Register a webhook endpoint."""
    wanted: models.NewWebhook = request.body
    return views.endpoint(request.sandbox.endpoints.add(**wanted.model_dump()))


def get_webhook(request: AdminRequest) -> Any:
    """One webhook endpoint."""
    return views.endpoint(request.sandbox.endpoints.get(request.args["endpoint"]))


def change_webhook(request: AdminRequest) -> Any:
    """Change a webhook endpoint's URL or events, or switch it off and on."""
    changes = request.body.model_dump(exclude_none=True)
    return views.endpoint(request.sandbox.endpoints.update(request.args["endpoint"], **changes))


def delete_webhook(request: AdminRequest) -> Any:
    """Tell a webhook endpoint nothing any more."""
    request.sandbox.endpoints.delete(request.args["endpoint"])


def rotate_webhook(request: AdminRequest) -> Any:
    """Give a webhook endpoint a new secret; the one before goes on for the overlap."""
    return views.endpoint(
        request.sandbox.endpoints.rotate(request.args["endpoint"], request.body.overlap, request.body.secret)
    )


def test_webhook(request: AdminRequest) -> Any:
    """Send a webhook endpoint the vendor's test event; answers the delivery."""
    sandbox = request.sandbox
    sandbox.endpoints.get(request.args["endpoint"])
    now = sandbox.now()
    with sandbox.transaction() as space:
        (delivery,) = send_test_event(SimulationContext(sandbox, now, space), request.args["endpoint"])
    return views.delivery(sandbox.outbox.deliver(delivery))


def list_deliveries(request: AdminRequest) -> Any:
    """The newest deliveries, oldest first, with every attempt."""
    wanted: models.DeliveriesQuery = request.query
    chosen = [
        each
        for each in request.sandbox.outbox.all()
        if wanted.state in (None, each["state"]) and wanted.endpoint in (None, each["endpoint"])
    ]
    return [views.delivery(each) for each in chosen[-wanted.limit :]]


def get_delivery(request: AdminRequest) -> Any:
    """One delivery with every attempt."""
    return views.delivery(request.sandbox.outbox.get(request.args["delivery"]))


def retry_delivery(request: AdminRequest) -> Any:
    """Try a delivery once more, now; answers what came of it."""
    return views.delivery(request.sandbox.outbox.retry(request.args["delivery"]))
