"""Kota's operations for events and endpoints: lists, reads and replays."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import FaultRule
from mockserver.providers.kota.events.types import EVENT_TYPES
from tests.providers.test_webhooks import EMPLOYER
from tests.support.harness import Harness
from tests.support.kota_helpers import make_empty_harness
from tests.support.socket_server import serve_on_socket
from tests.support.webhook_receivers import Receiver, run_receiver

SANDBOX_PATH = "/sandboxes/kota"


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


def employ(harness: Harness, number: int = 1) -> list[Any]:
    created = [harness.request("POST", "/employers", json=EMPLOYER) for _ in range(number)]
    assert {response.status_code for response in created} == {200}
    return [response.json for response in created]


def add(harness: Harness, receiver: Receiver, **options: Any) -> Any:
    created = harness.admin("POST", f"{SANDBOX_PATH}/webhooks", {"url": receiver.url(), **options})
    assert created.status_code == 201, created.text
    return created.json


def list_endpoints(harness: Harness, query: str = "") -> list[Any]:
    response = harness.request("GET", f"/events?page_size=100{query}")
    assert response.status_code == 200, response.text
    return list(response.json["items"])


def replay(harness: Harness, id: str, **options: Any) -> Any:
    return harness.request("POST", f"/events/{id}/replay", **options)


def test_an_event_keeps_the_data_of_its_time(harness: Harness) -> None:
    (created,) = employ(harness)
    v2, v1 = list_endpoints(harness)
    assert (v2["api_version"], v1["api_version"]) == ("2.0", "1.0")
    assert v1["data"] == created
    assert set(v1) == {"id", "platform_id", "created", "type", "data", "api_version"}
    assert harness.request("GET", f"/events/{v1['id']}").json == v1
    changed = harness.request("PUT", f"/employers/{created['id']}", json={"legal_name": "Other"})
    assert changed.status_code == 200
    assert harness.request("GET", f"/events/{v1['id']}").json["data"]["legal_name"] == "Brightwater"


def test_events_are_listed_newest_first_or_oldest_first(harness: Harness) -> None:
    employ(harness)
    harness.advance("1m")
    newest = list_endpoints(harness)
    assert [each["created"] for each in newest] == sorted((each["created"] for each in newest), reverse=True)
    assert list_endpoints(harness, "&order_direction=desc") == newest
    assert list_endpoints(harness, "&order_direction=asc") == newest[::-1]


def test_events_are_listed_after_an_instant(harness: Harness) -> None:
    employ(harness)
    harness.advance("1h")
    assert len(list_endpoints(harness, "&created_after=2026-03-01T11:59:59Z")) == 4
    assert [each["type"] for each in list_endpoints(harness, "&created_after=2026-03-01T12:00:01Z")] == [
        "employer.updated"
    ] * 2
    assert list_endpoints(harness, "&created_after=2026-03-01T13:00:00Z") == []


def test_a_list_has_the_versions_of_the_endpoints_or_the_requested_one(harness: Harness, receiver: Receiver) -> None:
    employ(harness)
    assert {each["api_version"] for each in list_endpoints(harness)} == {"1.0", "2.0"}
    add(harness, receiver, version="v1")
    assert {each["api_version"] for each in list_endpoints(harness)} == {"1.0"}
    assert {each["api_version"] for each in list_endpoints(harness, "&version=v2")} == {"2.0"}
    harness.admin("PATCH", SANDBOX_PATH, {"assumptions": {"events_listed": "all"}})
    assert {each["api_version"] for each in list_endpoints(harness)} == {"1.0", "2.0"}


@pytest.mark.parametrize("query", ["order_direction=up", "version=v3", "created_after=soon", "page=0", "page_size=101"])
def test_an_invalid_query_is_refused(harness: Harness, query: str) -> None:
    response = harness.request("GET", f"/events?{query}")
    assert (response.status_code, response.json["error_code"]) == (400, "invalid_request")


def test_events_are_paged(harness: Harness) -> None:
    employ(harness, 3)
    pages = [harness.request("GET", f"/events?page={page}&page_size=4").json for page in (1, 2)]
    assert [len(page["items"]) for page in pages] == [4, 2]
    assert [each for page in pages for each in page["items"]] == list_endpoints(harness)


def test_an_event_is_deleted_after_thirty_days(harness: Harness) -> None:
    employ(harness)
    id = list_endpoints(harness)[-1]["id"]
    harness.advance("30d")
    assert harness.request("GET", f"/events/{id}").status_code == 200
    harness.advance("1s")
    gone = harness.request("GET", f"/events/{id}")
    assert (gone.status_code, gone.json["error_code"]) == (404, "not_found")
    assert id not in [each["id"] for each in list_endpoints(harness, "&created_after=2020-01-01T00:00:00Z")]
    assert replay(harness, id).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_event_is_not_found(harness: Harness, method: str) -> None:
    path = f"/events/evt_{'0' * 32}" + ("/replay" if method == "POST" else "")
    response = harness.request(method, path)
    assert (response.status_code, response.json["error_code"]) == (404, "not_found")


def test_a_replay_is_sent_once_to_every_subscribed_endpoint_and_returns_the_results(
    harness: Harness, receiver: Receiver
) -> None:
    employ(harness)
    v2 = list_endpoints(harness)[0]
    add(harness, receiver)
    add(harness, receiver, events=["group.created"])
    add(harness, receiver, version="v1")
    response = replay(harness, v2["id"])
    assert response.status_code == 200, response.text
    (delivery,) = response.json["deliveries"]
    assert response.json == {"event_id": v2["id"], "deliveries": [delivery]}
    assert delivery.pop("elapsed_time_ms") > 0
    assert delivery == {"delivery_id": delivery["delivery_id"], "success": True, "response_status_code": 200}
    assert delivery["delivery_id"].startswith("evtd_")
    assert [webhook.json["id"] for webhook in receiver.received] == [v2["id"]]


@pytest.mark.parametrize(("status", "reported"), [(500, 500), (302, 302)])
def test_a_failed_replay_is_reported_and_not_retried(
    harness: Harness, receiver: Receiver, status: int, reported: int
) -> None:
    employ(harness)
    harness.advance("10s")
    add(harness, receiver)
    receiver.response_statuses = [status]
    (delivery,) = replay(harness, list_endpoints(harness)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"]) == (False, reported)
    harness.advance("10d")
    assert len(receiver.received) == 1


def test_a_replay_to_a_receiver_that_is_down_has_no_status(harness: Harness) -> None:
    with run_receiver() as stopped:
        add(harness, stopped)
    employ(harness)
    (delivery,) = replay(harness, list_endpoints(harness)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"]) == (False, None)


def test_a_replay_without_endpoints_has_no_deliveries(harness: Harness) -> None:
    employ(harness)
    id = list_endpoints(harness)[0]["id"]
    assert replay(harness, id).json == {"event_id": id, "deliveries": []}


def test_a_replay_dropped_by_a_fault_has_not_succeeded(harness: Harness, receiver: Receiver) -> None:
    employ(harness)
    add(harness, receiver)
    harness.sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "dropped_webhook"}})])
    (delivery,) = replay(harness, list_endpoints(harness)[0]["id"]).json["deliveries"]
    assert (delivery["success"], delivery["response_status_code"], delivery["elapsed_time_ms"]) == (False, None, 0)
    assert receiver.received == []


def test_a_replay_with_an_idempotency_key_is_sent_once(harness: Harness, receiver: Receiver) -> None:
    employ(harness)
    add(harness, receiver)
    id = list_endpoints(harness)[0]["id"]
    responses = [replay(harness, id, headers={"Idempotency-Key": "again"}) for _ in range(3)]
    assert len({response.data for response in responses}) == 1
    assert len(receiver.received) == 1


def test_endpoints_are_listed_newest_first_and_cannot_be_created_by_call(harness: Harness, receiver: Receiver) -> None:
    first = add(harness, receiver)
    second = add(harness, receiver, events=["employer.created", "group.created"])
    response = harness.request("GET", "/webhooks/endpoints").json
    assert [each["id"] for each in response["items"]] == [second["id"], first["id"]]
    endpoint = harness.request("GET", f"/webhooks/endpoints/{second['id']}").json
    assert (
        endpoint
        == response["items"][0]
        == {
            "object": "webhook_endpoint",
            "id": second["id"],
            "endpoint_url": receiver.url(),
            "subscribed_events": ["employer.created", "group.created"],
            "created_at": "2026-03-01T12:00:00Z",
        }
    )
    assert "secret" not in endpoint
    assert harness.request("POST", "/webhooks/endpoints", json={"endpoint_url": receiver.url()}).status_code == 405
    missing = harness.request("GET", f"/webhooks/endpoints/whe_{'0' * 32}")
    assert (missing.status_code, missing.json["error_code"]) == (404, "not_found")


def test_an_event_is_sent_only_if_its_request_succeeds(harness: Harness, receiver: Receiver) -> None:
    add(harness, receiver)
    assert harness.request("POST", "/employers", json={**EMPLOYER, "contact": None}).status_code == 400
    harness.deliver_due()
    assert (receiver.received, list_endpoints(harness)) == ([], [])


def test_a_call_whose_response_was_lost_sends_its_event_once(harness: Harness, receiver: Receiver) -> None:
    add(harness, receiver)
    rule = {"id": "lose", "fault": {"kind": "lost_response"}, "trigger": {"times": 1}}
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", rule).status_code == 201
    headers = {"Idempotency-Key": "once"}
    with serve_on_socket(harness) as served, pytest.raises((ConnectionError, HTTPException)):
        served.request("POST", "/kota/employers", key=harness.key(), json=EMPLOYER, headers=headers)
    again = harness.request("POST", "/employers", json=EMPLOYER, headers=headers)
    assert again.status_code == 200
    harness.deliver_due()
    assert [webhook.json["data"]["id"] for webhook in receiver.received] == [again.json["id"]]


def test_a_hundred_equal_requests_at_once_make_one_employer_and_one_delivery(
    harness: Harness, receiver: Receiver
) -> None:
    add(harness, receiver)
    begin, statuses = Event(), []

    def send() -> None:
        begin.wait(10)
        headers = {"Idempotency-Key": "same"}
        statuses.append(harness.request("POST", "/employers", json=EMPLOYER, headers=headers).status_code)

    threads = [Thread(target=send) for _ in range(100)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(30)
    harness.deliver_due()
    assert (len(statuses), set(statuses) <= {200, 409}) == (100, True)
    collections = harness.engine.export("kota")["collections"]
    assert [len(collections[name]) for name in ("employers", "_deliveries")] == [1, 1]
    assert [event["version"] for event in collections["_events"]] == ["v1", "v2"]
    assert len(receiver.received) == 1


def test_an_endpoint_may_subscribe_to_every_documented_event_type(harness: Harness, receiver: Receiver) -> None:
    newer = {"employee.salary_deleted", "dependents_management_intent.dependent.pending_confirmation"}
    assert len(set(EVENT_TYPES) - newer) == 89
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) == 91
    assert add(harness, receiver, events=list(EVENT_TYPES))["events"] == list(EVENT_TYPES)
