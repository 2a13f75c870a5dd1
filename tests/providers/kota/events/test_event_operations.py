"""Kota's events over its API: listed, read, sent again; and the endpoints that hear of them."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import FaultRule
from mockserver.providers.kota.events.types import TYPES
from tests.providers.test_webhooks import EMPLOYER
from tests.support.kota_world import new_world
from tests.support.socket_server import listening
from tests.support.webhook_receivers import Receiver, receiving
from tests.support.worlds import World

S = "/sandboxes/kota"


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def employ(world: World, number: int = 1) -> list[Any]:
    made = [world.ask("POST", "/employers", json=EMPLOYER) for _ in range(number)]
    assert {answer.status_code for answer in made} == {200}
    return [answer.json for answer in made]


def add(world: World, receiver: Receiver, **wanted: Any) -> Any:
    made = world.admin("POST", f"{S}/webhooks", {"url": receiver.url(), **wanted})
    assert made.status_code == 201, made.text
    return made.json


def listed(world: World, query: str = "") -> list[Any]:
    answer = world.ask("GET", f"/events?page_size=100{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def replay(world: World, id: str, **options: Any) -> Any:
    return world.ask("POST", f"/events/{id}/replay", **options)


def test_an_event_is_read_as_it_was_when_it_happened(world: World) -> None:
    (made,) = employ(world)
    thin, whole = listed(world)
    assert (thin["api_version"], whole["api_version"]) == ("2.0", "1.0")
    assert whole["data"] == made
    assert set(whole) == {"id", "platform_id", "created", "type", "data", "api_version"}
    assert world.ask("GET", f"/events/{whole['id']}").json == whole
    changed = world.ask("PUT", f"/employers/{made['id']}", json={"legal_name": "Other"})
    assert changed.status_code == 200
    assert world.ask("GET", f"/events/{whole['id']}").json["data"]["legal_name"] == "Brightwater"


def test_events_are_listed_newest_first_or_oldest_first(world: World) -> None:
    employ(world)
    world.advance("1m")
    newest = listed(world)
    assert [each["created"] for each in newest] == sorted((each["created"] for each in newest), reverse=True)
    assert listed(world, "&order_direction=desc") == newest
    assert listed(world, "&order_direction=asc") == newest[::-1]


def test_events_are_listed_after_an_instant(world: World) -> None:
    employ(world)
    world.advance("1h")
    assert len(listed(world, "&created_after=2026-03-01T11:59:59Z")) == 4
    assert [each["type"] for each in listed(world, "&created_after=2026-03-01T12:00:01Z")] == ["employer.updated"] * 2
    assert listed(world, "&created_after=2026-03-01T13:00:00Z") == []


def test_a_list_shows_the_versions_of_the_endpoints_or_the_one_asked_for(world: World, receiver: Receiver) -> None:
    employ(world)
    assert {each["api_version"] for each in listed(world)} == {"1.0", "2.0"}
    add(world, receiver, version="v1")
    assert {each["api_version"] for each in listed(world)} == {"1.0"}
    assert {each["api_version"] for each in listed(world, "&version=v2")} == {"2.0"}
    world.admin("PATCH", S, {"assumptions": {"events_listed": "all"}})
    assert {each["api_version"] for each in listed(world)} == {"1.0", "2.0"}


@pytest.mark.parametrize("query", ["order_direction=up", "version=v3", "created_after=soon", "page=0", "page_size=101"])
def test_a_query_that_means_nothing_is_refused(world: World, query: str) -> None:
    answer = world.ask("GET", f"/events?{query}")
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_request")


def test_events_are_paged(world: World) -> None:
    employ(world, 3)
    pages = [world.ask("GET", f"/events?page={page}&page_size=4").json for page in (1, 2)]
    assert [len(page["items"]) for page in pages] == [4, 2]
    assert [each for page in pages for each in page["items"]] == listed(world)


def test_an_event_is_gone_after_thirty_days(world: World) -> None:
    employ(world)
    id = listed(world)[-1]["id"]
    world.advance("30d")
    assert world.ask("GET", f"/events/{id}").status_code == 200
    world.advance("1s")
    gone = world.ask("GET", f"/events/{id}")
    assert (gone.status_code, gone.json["error_code"]) == (404, "not_found")
    assert id not in [each["id"] for each in listed(world, "&created_after=2020-01-01T00:00:00Z")]
    assert replay(world, id).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_event_nobody_knows_is_not_found(world: World, method: str) -> None:
    path = f"/events/evt_{'0' * 32}" + ("/replay" if method == "POST" else "")
    answer = world.ask(method, path)
    assert (answer.status_code, answer.json["error_code"]) == (404, "not_found")


def test_a_replay_goes_once_to_every_endpoint_that_asks_now_and_tells_what_came_of_it(
    world: World, receiver: Receiver
) -> None:
    employ(world)
    thin = listed(world)[0]
    add(world, receiver)
    add(world, receiver, events=["group.created"])
    add(world, receiver, version="v1")
    answer = replay(world, thin["id"])
    assert answer.status_code == 200, answer.text
    (delivery,) = answer.json["deliveries"]
    assert answer.json == {"event_id": thin["id"], "deliveries": [delivery]}
    assert delivery.pop("elapsed_time_ms") > 0
    assert delivery == {"delivery_id": delivery["delivery_id"], "success": True, "response_status_code": 200}
    assert delivery["delivery_id"].startswith("evtd_")
    assert [letter.json["id"] for letter in receiver.heard] == [thin["id"]]


@pytest.mark.parametrize(("status", "shown"), [(500, 500), (302, 302)])
def test_a_replay_that_fails_says_so_and_is_not_tried_again(
    world: World, receiver: Receiver, status: int, shown: int
) -> None:
    employ(world)
    world.advance("10s")
    add(world, receiver)
    receiver.answers = [status]
    (delivery,) = replay(world, listed(world)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"]) == (False, shown)
    world.advance("10d")
    assert len(receiver.heard) == 1


def test_a_replay_to_a_receiver_that_is_down_has_no_status(world: World) -> None:
    with receiving() as gone:
        add(world, gone)
    employ(world)
    (delivery,) = replay(world, listed(world)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"]) == (False, None)


def test_a_replay_to_nobody_has_no_deliveries(world: World) -> None:
    employ(world)
    id = listed(world)[0]["id"]
    assert replay(world, id).json == {"event_id": id, "deliveries": []}


def test_a_replay_that_a_fault_keeps_back_has_not_succeeded(world: World, receiver: Receiver) -> None:
    employ(world)
    add(world, receiver)
    world.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "dropped_webhook"}})])
    (delivery,) = replay(world, listed(world)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"], delivery["elapsed_time_ms"]) == (False, None, 0)
    assert receiver.heard == []


def test_a_replay_with_a_key_is_sent_once(world: World, receiver: Receiver) -> None:
    employ(world)
    add(world, receiver)
    id = listed(world)[0]["id"]
    answers = [replay(world, id, headers={"Idempotency-Key": "again"}) for _ in range(3)]
    assert len({answer.data for answer in answers}) == 1
    assert len(receiver.heard) == 1


def test_endpoints_are_read_and_listed_newest_first_and_not_made_here(world: World, receiver: Receiver) -> None:
    first = add(world, receiver)
    second = add(world, receiver, events=["employer.created", "group.created"])
    answer = world.ask("GET", "/webhooks/endpoints").json
    assert [each["id"] for each in answer["items"]] == [second["id"], first["id"]]
    shown = world.ask("GET", f"/webhooks/endpoints/{second['id']}").json
    assert (
        shown
        == answer["items"][0]
        == {
            "object": "webhook_endpoint",
            "id": second["id"],
            "endpoint_url": receiver.url(),
            "subscribed_events": ["employer.created", "group.created"],
            "created_at": "2026-03-01T12:00:00Z",
        }
    )
    assert "secret" not in shown
    assert world.ask("POST", "/webhooks/endpoints", json={"endpoint_url": receiver.url()}).status_code == 405
    missing = world.ask("GET", f"/webhooks/endpoints/whe_{'0' * 32}")
    assert (missing.status_code, missing.json["error_code"]) == (404, "not_found")


def test_an_event_leaves_only_if_its_request_succeeds(world: World, receiver: Receiver) -> None:
    add(world, receiver)
    assert world.ask("POST", "/employers", json={**EMPLOYER, "contact": None}).status_code == 400
    world.settle()
    assert (receiver.heard, listed(world)) == ([], [])


def test_a_lost_answer_has_told_its_event_once(world: World, receiver: Receiver) -> None:
    add(world, receiver)
    rule = {"id": "lose", "fault": {"kind": "lost_response"}, "trigger": {"times": 1}}
    assert world.admin("POST", f"{S}/faults", rule).status_code == 201
    headers = {"Idempotency-Key": "once"}
    with listening(world) as served, pytest.raises((ConnectionError, HTTPException)):
        served.ask("POST", "/kota/employers", key=world.key(), json=EMPLOYER, headers=headers)
    again = world.ask("POST", "/employers", json=EMPLOYER, headers=headers)
    assert again.status_code == 200
    world.settle()
    assert [letter.json["data"]["id"] for letter in receiver.heard] == [again.json["id"]]


def test_a_hundred_equal_requests_at_once_make_one_employer_and_one_delivery(world: World, receiver: Receiver) -> None:
    add(world, receiver)
    begin, statuses = Event(), []

    def send() -> None:
        begin.wait(10)
        headers = {"Idempotency-Key": "same"}
        statuses.append(world.ask("POST", "/employers", json=EMPLOYER, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(100)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(30)
    world.settle()
    assert (len(statuses), set(statuses) <= {200, 409}) == (100, True)
    collections = world.engine.export("kota")["collections"]
    assert [len(collections[name]) for name in ("employers", "_deliveries")] == [1, 1]
    assert [event["version"] for event in collections["_events"]] == ["v1", "v2"]
    assert len(receiver.heard) == 1


def test_an_endpoint_may_ask_for_each_type_of_the_document_and_of_newer_pages(world: World, receiver: Receiver) -> None:
    newer = {"employee.salary_deleted", "dependents_management_intent.dependent.pending_confirmation"}
    assert len(set(TYPES) - newer) == 89
    assert len(TYPES) == len(set(TYPES)) == 91
    assert add(world, receiver, events=list(TYPES))["events"] == list(TYPES)
