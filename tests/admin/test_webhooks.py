"""Webhooks as operators handle them: endpoints and deliveries over the admin API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mockserver.admin.api import ROUTES
from mockserver.admin.models import DeliveriesQuery
from mockserver.engine.webhooks.deliveries import DONE
from tests.support.acme import ACME, TELLING
from tests.support.webhook_receivers import Receiver, happen, receiving
from tests.support.worlds import World, make_world

S = "/sandboxes/acme"
AT = "2026-03-01T12:00:00.000000Z"


MUTE = replace(ACME, name="mute")


@pytest.fixture
def world() -> World:
    return make_world(TELLING, MUTE)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def add(world: World, url: str, **wanted: Any) -> Any:
    made = world.admin("POST", f"{S}/webhooks", {"url": url, **wanted})
    assert made.status_code == 201, made.text
    return made.json


def deliveries(world: World, query: str = "") -> Any:
    answer = world.admin("GET", f"{S}/deliveries{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_endpoint_is_registered_shown_listed_changed_and_deleted(world: World, receiver: Receiver) -> None:
    made = add(world, receiver.url(), events=["note.created"], description="mine")
    assert made == {
        "id": made["id"],
        "url": receiver.url(),
        "events": ["note.created"],
        "version": "",
        "secret": made["secret"],
        "description": "mine",
        "enabled": True,
        "previous_secret": None,
        "created_at": AT,
    }
    path = f"{S}/webhooks/{made['id']}"
    assert world.admin("GET", path).json == made
    assert world.admin("GET", f"{S}/webhooks").json == [made]
    changed = world.admin("PATCH", path, {"enabled": False, "description": ""}).json
    assert changed == {**made, "enabled": False, "description": ""}
    assert world.admin("PATCH", path, {}).json == changed
    assert world.admin("DELETE", path).status_code == 204
    assert world.admin("GET", path).status_code == 404
    assert world.admin("GET", f"{S}/webhooks").json == []


def test_a_secret_is_rotated_with_an_overlap(world: World, receiver: Receiver) -> None:
    made = add(world, receiver.url())
    rotated = world.admin("POST", f"{S}/webhooks/{made['id']}/rotate", {"overlap": "1h"}).json
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret"] == {"secret": made["secret"], "until": "2026-03-01T13:00:00.000000Z"}
    chosen = world.admin("POST", f"{S}/webhooks/{made['id']}/rotate", {"secret": "chosen"}).json
    assert (chosen["secret"], chosen["previous_secret"]["until"]) == ("chosen", AT)
    assert world.admin("POST", f"{S}/webhooks/{made['id']}/rotate").status_code == 200


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
def test_what_cannot_be_registered_is_refused_with_the_reason(world: World, body: Any, detail: str) -> None:
    sent = body if "url" in body or not body else {"url": "http://127.0.0.1:9/", **body}
    refused = world.admin("POST", f"{S}/webhooks", sent)
    assert (refused.status_code, detail in refused.json["detail"]) == (422, True), refused.text
    assert world.admin("GET", f"{S}/webhooks").json == []


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
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    world: World, receiver: Receiver, body: Any, detail: str
) -> None:
    made = add(world, receiver.url())
    refused = world.admin("PATCH", f"{S}/webhooks/{made['id']}", body)
    assert (refused.status_code, detail in refused.json["detail"]) == (422, True), refused.text
    assert world.admin("GET", f"{S}/webhooks/{made['id']}").json == made


@pytest.mark.parametrize("body", [{"overlap": "soon"}, {"overlap": 5}, {"secret": ""}, {"over": "1h"}])
def test_a_rotation_that_cannot_be_is_refused(world: World, receiver: Receiver, body: Any) -> None:
    made = add(world, receiver.url())
    assert world.admin("POST", f"{S}/webhooks/{made['id']}/rotate", body).status_code == 422
    assert world.admin("GET", f"{S}/webhooks/{made['id']}").json == made


OF_ONE = [route for route in ROUTES if "{endpoint}" in route.path or "{delivery}" in route.path]


@pytest.mark.parametrize("route", OF_ONE, ids=lambda route: f"{route.method} {route.path}")
def test_what_is_not_there_is_refused_with_the_nearest(world: World, receiver: Receiver, route: Any) -> None:
    made = add(world, receiver.url())
    happen(world)
    world.settle()
    known = made["id"] if "{endpoint}" in route.path else deliveries(world)[0]["id"]
    kind = "webhook endpoint" if "{endpoint}" in route.path else "delivery"
    path = route.path.format(sandbox="acme", endpoint=known[:-1], delivery=known[:-1])
    refused = world.admin(route.method, path, {} if route.body else None)
    detail = f"there is no {kind} '{known[:-1]}'; did you mean '{known}'?"
    assert (refused.status_code, refused.json["detail"]) == (404, detail)


def test_a_provider_that_sends_no_webhooks_says_so(world: World) -> None:
    refused = world.admin("POST", "/sandboxes/mute/webhooks", {"url": "http://127.0.0.1:9/"})
    assert (refused.status_code, refused.json["detail"]) == (422, "Acme sends no webhooks")
    assert world.admin("GET", "/sandboxes/mute/webhooks").json == []
    assert world.admin("GET", "/sandboxes/mute/deliveries").json == []


def test_a_delivery_is_shown_with_every_attempt(world: World, receiver: Receiver) -> None:
    receiver.answers, receiver.said = [503], b"later"
    made = add(world, receiver.url())
    happen(world, text="a")
    world.settle()
    (waits,) = deliveries(world)
    (attempt,) = waits["attempts"]
    letter = receiver.heard[0]
    assert attempt.pop("milliseconds") > 0
    sent = [["Content-Type", "application/json"]]
    sent += [[name, letter.headers[name]] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]
    assert attempt == {
        "at": AT,
        "status": 503,
        "error": None,
        "headers": sent,
        "body": letter.body.decode(),
        "answer": "later",
        "faults": [],
    }
    assert waits == {
        "id": waits["id"],
        "endpoint": made["id"],
        "event": {"id": "evt_1", "type": "note.created", "created_at": AT, "data": {"text": "a"}},
        "state": "pending",
        "due": "2026-03-01T12:05:00.000000Z",
        "faults": [],
        "attempts": [attempt],
    }
    world.advance("5m")
    shown = world.admin("GET", f"{S}/deliveries/{waits['id']}").json
    assert (shown["state"], shown["due"], len(shown["attempts"])) == ("delivered", None, 2)


def test_deliveries_are_listed_by_state_and_endpoint_and_the_newest_of_many(world: World, receiver: Receiver) -> None:
    good = add(world, receiver.url())["id"]
    bad = add(world, "http://127.0.0.1:9/")["id"]
    happen(world, 3)
    world.settle()
    assert [each["endpoint"] for each in deliveries(world)] == [good, bad] * 3
    assert {each["endpoint"] for each in deliveries(world, "?state=delivered")} == {good}
    assert len(deliveries(world, f"?endpoint={bad}")) == 3
    assert deliveries(world, f"?endpoint={bad}&state=delivered") == []
    assert deliveries(world, "?limit=2") == deliveries(world)[-2:]


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "limit=x", "state=retried", "colour=red"])
def test_a_question_that_means_nothing_is_refused(world: World, query: str) -> None:
    assert world.admin("GET", f"{S}/deliveries?{query}").status_code == 422


def test_every_state_a_delivery_may_have_can_be_asked_for(world: World, receiver: Receiver) -> None:
    annotation: Any = DeliveriesQuery.model_fields["state"].annotation
    asked = {value for part in annotation.__args__ for value in getattr(part, "__args__", ())}
    assert asked == {"pending", *DONE}
    add(world, receiver.url())
    happen(world)
    for state in asked:
        assert isinstance(deliveries(world, f"?state={state}"), list)


def test_a_delivery_is_tried_again_by_hand(world: World, receiver: Receiver) -> None:
    receiver.answers = [500]
    add(world, receiver.url())
    happen(world)
    world.settle()
    id = deliveries(world)[0]["id"]
    tried = world.admin("POST", f"{S}/deliveries/{id}/retry")
    assert (tried.status_code, tried.json["state"], len(tried.json["attempts"])) == (200, "delivered", 2)


def test_a_delivery_whose_endpoint_is_gone_is_not_tried_again(world: World, receiver: Receiver) -> None:
    made = add(world, receiver.url())
    happen(world)
    world.settle()
    world.admin("DELETE", f"{S}/webhooks/{made['id']}")
    id = deliveries(world)[0]["id"]
    refused = world.admin("POST", f"{S}/deliveries/{id}/retry")
    assert (refused.status_code, "has nowhere to go" in refused.json["detail"]) == (422, True)


def test_the_vendors_test_event_is_sent_to_one_endpoint_at_once(world: World, receiver: Receiver) -> None:
    add(world, "http://127.0.0.1:9/")
    made = add(world, receiver.url(), events=["note.deleted"])
    sent = world.admin("POST", f"{S}/webhooks/{made['id']}/test")
    assert (sent.status_code, sent.json["state"], sent.json["event"]["type"]) == (200, "delivered", "note.test")
    assert [letter.headers["webhook-id"] for letter in receiver.heard] == ["evt_note_test_1"]
    assert len(deliveries(world)) == 1


def test_a_test_event_that_fails_is_not_tried_again(world: World, receiver: Receiver) -> None:
    receiver.answers = [500]
    made = add(world, receiver.url())
    assert world.admin("POST", f"{S}/webhooks/{made['id']}/test").json["state"] == "failed"
    world.advance("30d")
    assert len(receiver.heard) == 1


def test_a_vendor_that_sends_no_test_event_says_so() -> None:
    world = make_world()
    made = world.admin("POST", "/sandboxes/kotauth/webhooks", {"url": "http://127.0.0.1:9/"}).json
    refused = world.admin("POST", f"/sandboxes/kotauth/webhooks/{made['id']}/test")
    assert (refused.status_code, refused.json["detail"]) == (422, "Kotauth has no test event")


def test_endpoints_and_deliveries_are_part_of_the_state(world: World, receiver: Receiver) -> None:
    add(world, receiver.url())
    happen(world)
    state = world.admin("GET", f"{S}/state")
    assert world.admin("POST", f"{S}/reset").status_code == 200
    assert (world.admin("GET", f"{S}/webhooks").json, deliveries(world)) == ([], [])
    assert world.admin("PUT", f"{S}/state", state.json).status_code == 200
    assert world.admin("GET", f"{S}/state").data == state.data
    world.settle()
    assert len(receiver.heard) == 1


def test_advancing_the_clock_through_the_api_makes_every_retry_before_it_answers(
    world: World, receiver: Receiver
) -> None:
    receiver.answers = [500, 502, 503]
    add(world, receiver.url())
    happen(world)
    world.advance("30d")
    assert [each["status"] for each in deliveries(world)[0]["attempts"]] == [500, 502, 503, 200]
    assert len({letter.headers["webhook-id"] for letter in receiver.heard}) == 1
