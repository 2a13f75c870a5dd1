"""Tests that the example client handles what Kota's documentation describes: one behaviour per test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from conftest import Receiver
from kota_client import Kota, Refused, read_webhook

from mockserver.testing.client import Sandbox

pytestmark = pytest.mark.testmode("kota")
BRIGHTWATER = {
    "legal_name": "Brightwater Labs Ltd",
    "legal_address": {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"},
    "contact": {"name": "Orla Byrne", "email": "orla@brightwater.test"},
}


@pytest.fixture
def client(testmode: Sandbox, sleep: Callable[[float], object]) -> Kota:
    return Kota(testmode.base_url, testmode.key, backoff=0.001, sleep=sleep)


def employers(testmode: Sandbox) -> Sequence[str]:
    return [each["id"] for each in testmode.records("employers") if each["legal_name"] == BRIGHTWATER["legal_name"]]


def test_what_is_begun_by_a_call_is_waited_for(client: Kota) -> None:
    employer = client.post("/employers", BRIGHTWATER)
    assert employer["status"] == "pending"
    assert client.wait_for(f"/employers/{employer['id']}", "active", "restricted")["status"] == "active"


def test_what_never_comes_is_given_up(client: Kota) -> None:
    refused = {**BRIGHTWATER, "metadata": {"testmode.employer": "restricted"}}
    employer = client.post("/employers", refused)
    with pytest.raises(TimeoutError, match="not active within 120 s, but restricted"):
        client.wait_for(f"/employers/{employer['id']}", "active")


@pytest.mark.parametrize("fault", ["lost_response", "reset", "empty", "truncated", "malformed_json"])
def test_an_employer_is_made_once_whatever_is_lost_on_the_way(testmode: Sandbox, client: Kota, fault: str) -> None:
    testmode.faults.add(fault, match={"method": "POST"}, trigger={"times": 2})
    made = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [made["id"]]
    assert testmode.requests.verify(method="POST", path="*/employers") == 3


def test_too_many_requests_and_an_outage_are_survived(testmode: Sandbox, client: Kota) -> None:
    testmode.faults.add("gateway", status=503, trigger={"times": 2})
    testmode.faults.add("rate_limited", trigger={"times": 2})
    made = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [made["id"]]


def test_an_equal_request_that_is_still_under_way_is_waited_for(testmode: Sandbox, client: Kota) -> None:
    with testmode.scenario("idempotency-conflict", times=2):
        made = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [made["id"]]
    assert testmode.requests.verify(method="POST", status=409) == 2


def test_the_same_key_gets_the_same_answer_within_the_hour(testmode: Sandbox, client: Kota) -> None:
    made = client.post("/employers", BRIGHTWATER, key="order-4711")
    assert client.post("/employers", BRIGHTWATER, key="order-4711") == made
    testmode.clock.advance("61m")
    assert client.post("/employers", BRIGHTWATER, key="order-4711")["id"] != made["id"]


def test_a_key_used_for_something_else_is_told(client: Kota) -> None:
    client.post("/employers", BRIGHTWATER, key="order-4711")
    with pytest.raises(Refused) as refusal:
        client.post("/employers", {**BRIGHTWATER, "legal_name": "Another Ltd"}, key="order-4711")
    assert (refusal.value.status, refusal.value.code) == (409, "idempotency_error")


def test_a_refusal_says_which_field_is_wrong_and_is_not_tried_again(testmode: Sandbox, client: Kota) -> None:
    with pytest.raises(Refused) as refusal:
        client.post("/employers", {**BRIGHTWATER, "contact": {"name": "Orla"}})
    assert (refusal.value.code, refusal.value.errors) == ("invalid_request", {"contact.email": ["field required"]})
    assert testmode.requests.verify(method="POST", count=1) == 1


def test_every_employee_is_seen_once_however_short_the_pages(testmode: Sandbox, client: Kota) -> None:
    seen = [each["id"] for each in client.all("/employees", page=5)]
    assert sorted(seen) == sorted(each["id"] for each in testmode.records("employees"))
    assert testmode.requests.verify(path="*/employees") == 4


def test_a_webhook_is_read(testmode: Sandbox, client: Kota, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    employer = client.post("/employers", BRIGHTWATER)
    client.wait_for(f"/employers/{employer['id']}", "active")
    testmode.clock.advance("0s")  # delivers what is due before it returns
    now = testmode.clock.now.timestamp()  # webhooks are signed with the sandbox's time, which the client has advanced
    events = [read_webhook(headers, body, secret, now) for headers, body in receiver.arrived]
    assert any(employer["id"] in event["data"].values() for event in events)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_secret", "old_timestamp", "truncated_webhook"])
def test_a_forged_webhook_is_refused(testmode: Sandbox, client: Kota, receiver: Receiver, fault: str) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    testmode.faults.add(fault)
    client.post("/employers", BRIGHTWATER)
    testmode.clock.advance("5s")
    headers, body = receiver.arrived[0]
    with pytest.raises(ValueError, match="signature"):
        read_webhook(headers, body, secret, testmode.clock.now.timestamp())


def test_webhooks_that_overtake_each_other_are_told_apart_by_id_and_time(
    testmode: Sandbox, client: Kota, receiver: Receiver
) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    testmode.faults.add("duplicate_webhook", trigger={"times": 1})
    testmode.faults.add("reordered_webhooks", trigger={"skip": 1, "times": 1})
    employer = client.post("/employers", BRIGHTWATER)
    client.wait_for(f"/employers/{employer['id']}", "active")
    testmode.clock.advance("2m")
    now = testmode.clock.now.timestamp()
    events = [read_webhook(headers, body, secret, now) for headers, body in receiver.arrived]
    assert len({event["id"] for event in events}) == len(events) - 1
