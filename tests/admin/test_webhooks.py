"""Webhook endpoints and deliveries over the admin API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mockserver.admin.api import ROUTES
from mockserver.admin.models import DeliveriesQuery
from mockserver.engine.webhooks.deliveries import FINAL_STATES
from tests.support.acme import ACME, ACME_WITH_WEBHOOKS
from tests.support.harness import Harness, make_harness
from tests.support.webhook_receivers import Receiver, emit_events, run_receiver

SANDBOX_PATH = "/sandboxes/acme"
NOW_TEXT = "2026-03-01T12:00:00.000000Z"


ACME_WITHOUT_WEBHOOKS = replace(ACME, name="mute")


@pytest.fixture
def harness() -> Harness:
    return make_harness(ACME_WITH_WEBHOOKS, ACME_WITHOUT_WEBHOOKS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as listening:
        yield listening


def add(harness: Harness, url: str, **fields: Any) -> Any:
    response = harness.admin("POST", f"{SANDBOX_PATH}/webhooks", {"url": url, **fields})
    assert response.status_code == 201, response.text
    return response.json


def deliveries(harness: Harness, query: str = "") -> Any:
    answer = harness.admin("GET", f"{SANDBOX_PATH}/deliveries{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_endpoint_is_registered_shown_listed_changed_and_deleted(harness: Harness, receiver: Receiver) -> None:
    created = add(harness, receiver.url(), events=["note.created"], description="mine")
    assert created == {
        "id": created["id"],
        "url": receiver.url(),
        "events": ["note.created"],
        "version": "",
        "secret": created["secret"],
        "description": "mine",
        "enabled": True,
        "previous_secret": None,
        "created_at": NOW_TEXT,
    }
    path = f"{SANDBOX_PATH}/webhooks/{created['id']}"
    assert harness.admin("GET", path).json == created
    assert harness.admin("GET", f"{SANDBOX_PATH}/webhooks").json == [created]
    changed = harness.admin("PATCH", path, {"enabled": False, "description": ""}).json
    assert changed == {**created, "enabled": False, "description": ""}
    assert harness.admin("PATCH", path, {}).json == changed
    assert harness.admin("DELETE", path).status_code == 204
    assert harness.admin("GET", path).status_code == 404
    assert harness.admin("GET", f"{SANDBOX_PATH}/webhooks").json == []


def test_a_secret_is_rotated_with_an_overlap(harness: Harness, receiver: Receiver) -> None:
    created = add(harness, receiver.url())
    rotated = harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/rotate", {"overlap": "1h"}).json
    assert rotated["secret"] != created["secret"]
    assert rotated["previous_secret"] == {"secret": created["secret"], "until": "2026-03-01T13:00:00.000000Z"}
    chosen = harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/rotate", {"secret": "chosen"}).json
    assert (chosen["secret"], chosen["previous_secret"]["until"]) == ("chosen", NOW_TEXT)
    assert harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/rotate").status_code == 200


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "url: Field required"),
        ({"url": ""}, "url: "),
        ({"url": "http://127.0.0.1/" + "x" * 2048}, "url: "),
        ({"url": "http://8.8.8.8/"}, "url: '8.8.8.8' is 8.8.8.8, and only loopback and private addresses are called"),
        ({"url": "ftp://127.0.0.1/"}, "url: 'ftp' is neither http nor https"),
        ({"url": 7}, "url: "),
        ({"events": []}, "events: "),
        ({"events": "note.created"}, "events: "),
        ({"events": ["note.created"] * 201}, "events: "),
        ({"events": ["note.craeted"]}, "events: there is no type 'note.craeted'; did you mean 'note.created'?"),
        ({"version": "v1"}, "version: there is no 'v1'"),
        ({"secret": ""}, "secret: "),
        ({"secret": "s" * 201}, "secret: "),
        ({"description": "d" * 501}, "description: "),
        ({"uri": "x"}, "there is no field 'uri'; did you mean 'url'?"),
        ({"enabled": False}, "there is no field 'enabled'"),
    ],
)
def test_an_invalid_endpoint_is_refused_with_the_reason(harness: Harness, body: Any, detail: str) -> None:
    fields = body if "url" in body or not body else {"url": "http://127.0.0.1:9/", **body}
    refused = harness.admin("POST", f"{SANDBOX_PATH}/webhooks", fields)
    assert (refused.status_code, detail in refused.json["detail"]) == (422, True), refused.text
    assert harness.admin("GET", f"{SANDBOX_PATH}/webhooks").json == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"url": "http://169.254.169.254/"}, "never called"),
        ({"events": ["nothing"]}, "there is no type 'nothing'"),
        ({"events": []}, "events: "),
        ({"enabled": "perhaps"}, "enabled: "),
        ({"enable": True}, "did you mean 'enabled'?"),
        ({"secret": "x"}, "there is no field 'secret'"),
    ],
)
def test_an_invalid_change_is_refused_and_changes_nothing(
    harness: Harness, receiver: Receiver, body: Any, detail: str
) -> None:
    created = add(harness, receiver.url())
    refused = harness.admin("PATCH", f"{SANDBOX_PATH}/webhooks/{created['id']}", body)
    assert (refused.status_code, detail in refused.json["detail"]) == (422, True), refused.text
    assert harness.admin("GET", f"{SANDBOX_PATH}/webhooks/{created['id']}").json == created


@pytest.mark.parametrize("body", [{"overlap": "soon"}, {"overlap": 5}, {"secret": ""}, {"over": "1h"}])
def test_an_invalid_rotation_is_refused(harness: Harness, receiver: Receiver, body: Any) -> None:
    created = add(harness, receiver.url())
    assert harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/rotate", body).status_code == 422
    assert harness.admin("GET", f"{SANDBOX_PATH}/webhooks/{created['id']}").json == created


SINGLE_ITEM_ROUTES = [route for route in ROUTES if "{endpoint}" in route.path or "{delivery}" in route.path]


@pytest.mark.parametrize("route", SINGLE_ITEM_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_refusal_of_an_unknown_endpoint_or_delivery_names_the_nearest_one(
    harness: Harness, receiver: Receiver, route: Any
) -> None:
    created = add(harness, receiver.url())
    emit_events(harness)
    harness.deliver_due()
    known = created["id"] if "{endpoint}" in route.path else deliveries(harness)[0]["id"]
    kind = "webhook endpoint" if "{endpoint}" in route.path else "delivery"
    path = route.path.format(sandbox="acme", endpoint=known[:-1], delivery=known[:-1])
    refused = harness.admin(route.method, path, {} if route.body else None)
    detail = f"there is no {kind} '{known[:-1]}'; did you mean '{known}'?"
    assert (refused.status_code, refused.json["detail"]) == (404, detail)


def test_a_provider_without_webhooks_refuses_endpoints(harness: Harness) -> None:
    refused = harness.admin("POST", "/sandboxes/mute/webhooks", {"url": "http://127.0.0.1:9/"})
    assert (refused.status_code, refused.json["detail"]) == (422, "Acme sends no webhooks")
    assert harness.admin("GET", "/sandboxes/mute/webhooks").json == []
    assert harness.admin("GET", "/sandboxes/mute/deliveries").json == []


def test_a_delivery_is_shown_with_every_attempt(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses, receiver.response_body = [503], b"later"
    created = add(harness, receiver.url())
    emit_events(harness, text="a")
    harness.deliver_due()
    (pending,) = deliveries(harness)
    (attempt,) = pending["attempts"]
    webhook = receiver.received[0]
    assert attempt.pop("milliseconds") > 0
    sent = [["Content-Type", "application/json"]]
    sent += [[name, webhook.headers[name]] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]
    assert attempt == {
        "at": NOW_TEXT,
        "status": 503,
        "error": None,
        "headers": sent,
        "body": webhook.body.decode(),
        "answer": "later",
        "faults": [],
    }
    assert pending == {
        "id": pending["id"],
        "endpoint": created["id"],
        "event": {"id": "evt_1", "type": "note.created", "created_at": NOW_TEXT, "data": {"text": "a"}},
        "state": "pending",
        "due": "2026-03-01T12:05:00.000000Z",
        "faults": [],
        "attempts": [attempt],
    }
    harness.advance("5m")
    delivered = harness.admin("GET", f"{SANDBOX_PATH}/deliveries/{pending['id']}").json
    assert (delivered["state"], delivered["due"], len(delivered["attempts"])) == ("delivered", None, 2)


def test_deliveries_are_listed_by_state_and_endpoint_and_the_newest_of_many(
    harness: Harness, receiver: Receiver
) -> None:
    good = add(harness, receiver.url())["id"]
    bad = add(harness, "http://127.0.0.1:9/")["id"]
    emit_events(harness, 3)
    harness.deliver_due()
    assert [each["endpoint"] for each in deliveries(harness)] == [good, bad] * 3
    assert {each["endpoint"] for each in deliveries(harness, "?state=delivered")} == {good}
    assert len(deliveries(harness, f"?endpoint={bad}")) == 3
    assert deliveries(harness, f"?endpoint={bad}&state=delivered") == []
    assert deliveries(harness, "?limit=2") == deliveries(harness)[-2:]


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "limit=x", "state=retried", "colour=red"])
def test_an_invalid_query_is_refused(harness: Harness, query: str) -> None:
    assert harness.admin("GET", f"{SANDBOX_PATH}/deliveries?{query}").status_code == 422


def test_deliveries_can_be_filtered_by_every_state(harness: Harness, receiver: Receiver) -> None:
    annotation: Any = DeliveriesQuery.model_fields["state"].annotation
    states = {value for part in annotation.__args__ for value in getattr(part, "__args__", ())}
    assert states == {"pending", *FINAL_STATES}
    add(harness, receiver.url())
    emit_events(harness)
    for state in states:
        assert isinstance(deliveries(harness, f"?state={state}"), list)


def test_a_delivery_is_retried_manually(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses = [500]
    add(harness, receiver.url())
    emit_events(harness)
    harness.deliver_due()
    id = deliveries(harness)[0]["id"]
    retried = harness.admin("POST", f"{SANDBOX_PATH}/deliveries/{id}/retry")
    assert (retried.status_code, retried.json["state"], len(retried.json["attempts"])) == (200, "delivered", 2)


def test_a_delivery_to_a_deleted_endpoint_is_not_retried(harness: Harness, receiver: Receiver) -> None:
    created = add(harness, receiver.url())
    emit_events(harness)
    harness.deliver_due()
    harness.admin("DELETE", f"{SANDBOX_PATH}/webhooks/{created['id']}")
    id = deliveries(harness)[0]["id"]
    refused = harness.admin("POST", f"{SANDBOX_PATH}/deliveries/{id}/retry")
    assert (refused.status_code, "cannot be sent" in refused.json["detail"]) == (422, True)


def test_the_vendors_test_event_is_sent_to_one_endpoint_at_once(harness: Harness, receiver: Receiver) -> None:
    add(harness, "http://127.0.0.1:9/")
    created = add(harness, receiver.url(), events=["note.deleted"])
    sent = harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/test")
    assert (sent.status_code, sent.json["state"], sent.json["event"]["type"]) == (200, "delivered", "note.test")
    assert [webhook.headers["webhook-id"] for webhook in receiver.received] == ["evt_note_test_1"]
    assert len(deliveries(harness)) == 1


def test_a_failed_test_event_is_not_retried(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses = [500]
    created = add(harness, receiver.url())
    assert harness.admin("POST", f"{SANDBOX_PATH}/webhooks/{created['id']}/test").json["state"] == "failed"
    harness.advance("30d")
    assert len(receiver.received) == 1


def test_a_test_event_is_refused_if_the_vendor_has_none() -> None:
    harness = make_harness()
    created = harness.admin("POST", "/sandboxes/kotauth/webhooks", {"url": "http://127.0.0.1:9/"}).json
    refused = harness.admin("POST", f"/sandboxes/kotauth/webhooks/{created['id']}/test")
    assert (refused.status_code, refused.json["detail"]) == (422, "Kotauth has no test event")


def test_endpoints_and_deliveries_are_part_of_the_state(harness: Harness, receiver: Receiver) -> None:
    add(harness, receiver.url())
    emit_events(harness)
    state = harness.admin("GET", f"{SANDBOX_PATH}/state")
    assert harness.admin("POST", f"{SANDBOX_PATH}/reset").status_code == 200
    assert (harness.admin("GET", f"{SANDBOX_PATH}/webhooks").json, deliveries(harness)) == ([], [])
    assert harness.admin("PUT", f"{SANDBOX_PATH}/state", state.json).status_code == 200
    assert harness.admin("GET", f"{SANDBOX_PATH}/state").data == state.data
    harness.deliver_due()
    assert len(receiver.received) == 1


def test_advancing_the_clock_makes_every_due_retry_before_the_response(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses = [500, 502, 503]
    add(harness, receiver.url())
    emit_events(harness)
    harness.advance("30d")
    assert [each["status"] for each in deliveries(harness)[0]["attempts"]] == [500, 502, 503, 200]
    assert len({webhook.headers["webhook-id"] for webhook in receiver.received}) == 1
