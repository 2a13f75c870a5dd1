"""Webhook endpoints and deliveries, a console matter with every vendor: what each of their admin routes does."""

from __future__ import annotations

from typing import Any

from mockserver.admin import models, views
from mockserver.admin.ask import Ask
from mockserver.engine import Moment, test_event


def list_webhooks(ask: Ask) -> Any:
    """The webhook endpoints, with their secrets."""
    return [views.endpoint(each) for each in ask.sandbox.endpoints.all()]


def create_webhook(ask: Ask) -> Any:
    """Register a webhook endpoint."""
    wanted: models.NewWebhook = ask.body
    return views.endpoint(ask.sandbox.endpoints.add(**wanted.model_dump()))


def get_webhook(ask: Ask) -> Any:
    """One webhook endpoint."""
    return views.endpoint(ask.sandbox.endpoints.get(ask.args["endpoint"]))


def change_webhook(ask: Ask) -> Any:
    """Change a webhook endpoint's URL or events, or switch it off and on."""
    changes = ask.body.model_dump(exclude_none=True)
    return views.endpoint(ask.sandbox.endpoints.change(ask.args["endpoint"], **changes))


def delete_webhook(ask: Ask) -> Any:
    """Tell a webhook endpoint nothing any more."""
    ask.sandbox.endpoints.drop(ask.args["endpoint"])


def rotate_webhook(ask: Ask) -> Any:
    """Give a webhook endpoint a new secret; the one before goes on for the overlap."""
    return views.endpoint(ask.sandbox.endpoints.rotate(ask.args["endpoint"], ask.body.overlap, ask.body.secret))


def test_webhook(ask: Ask) -> Any:
    """Send a webhook endpoint the vendor's test event; answers the delivery."""
    sandbox = ask.sandbox
    sandbox.endpoints.get(ask.args["endpoint"])
    now = sandbox.now()
    with sandbox.transaction() as space:
        (delivery,) = test_event(Moment(sandbox, now, space), ask.args["endpoint"])
    return views.delivery(sandbox.outbox.deliver(delivery))


def list_deliveries(ask: Ask) -> Any:
    """The newest deliveries, oldest first, with every attempt."""
    wanted: models.DeliveriesQuery = ask.query
    chosen = [
        each
        for each in ask.sandbox.outbox.all()
        if wanted.state in (None, each["state"]) and wanted.endpoint in (None, each["endpoint"])
    ]
    return [views.delivery(each) for each in chosen[-wanted.limit :]]


def get_delivery(ask: Ask) -> Any:
    """One delivery with every attempt."""
    return views.delivery(ask.sandbox.outbox.get(ask.args["delivery"]))


def retry_delivery(ask: Ask) -> Any:
    """Try a delivery once more, now; answers what came of it."""
    return views.delivery(ask.sandbox.outbox.retry(ask.args["delivery"]))
