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


def test_the_client_waits_for_work_that_a_call_starts(client: Kota) -> None:
    employer = client.post("/employers", BRIGHTWATER)
    assert employer["status"] == "pending"
    assert client.wait_for(f"/employers/{employer['id']}", "active", "restricted")["status"] == "active"


def test_the_client_stops_waiting_after_its_timeout(client: Kota) -> None:
    refused = {**BRIGHTWATER, "metadata": {"testmode.employer": "restricted"}}
    employer = client.post("/employers", refused)
    with pytest.raises(TimeoutError, match="not active within 120 s, but restricted"):
        client.wait_for(f"/employers/{employer['id']}", "active")


@pytest.mark.parametrize("fault", ["lost_response", "reset", "empty", "truncated", "malformed_json"])
def test_an_employer_is_created_once_if_a_request_or_response_is_lost(
    testmode: Sandbox, client: Kota, fault: str
) -> None:
    testmode.faults.add(fault, match={"method": "POST"}, trigger={"times": 2})
    employer = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [employer["id"]]
    assert testmode.requests.verify(method="POST", path="*/employers") == 3


def test_the_client_retries_after_429_and_503(testmode: Sandbox, client: Kota) -> None:
    testmode.faults.add("gateway", status=503, trigger={"times": 2})
    testmode.faults.add("rate_limited", trigger={"times": 2})
    employer = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [employer["id"]]


def test_the_client_waits_for_an_equal_request_in_progress(testmode: Sandbox, client: Kota) -> None:
    with testmode.scenario("idempotency-conflict", times=2):
        employer = client.post("/employers", BRIGHTWATER)
    assert employers(testmode) == [employer["id"]]
    assert testmode.requests.verify(method="POST", status=409) == 2


def test_the_same_key_gets_the_same_response_within_the_hour(testmode: Sandbox, client: Kota) -> None:
    employer = client.post("/employers", BRIGHTWATER, key="order-4711")
    assert client.post("/employers", BRIGHTWATER, key="order-4711") == employer
    testmode.clock.advance("61m")
    assert client.post("/employers", BRIGHTWATER, key="order-4711")["id"] != employer["id"]


def test_a_key_used_for_another_request_raises_an_error(client: Kota) -> None:
    client.post("/employers", BRIGHTWATER, key="order-4711")
    with pytest.raises(Refused) as refusal:
        client.post("/employers", {**BRIGHTWATER, "legal_name": "Another Ltd"}, key="order-4711")
    assert (refusal.value.status, refusal.value.code) == (409, "idempotency_error")


def test_a_refusal_names_the_invalid_field_and_is_not_retried(testmode: Sandbox, client: Kota) -> None:
    with pytest.raises(Refused) as refusal:
        client.post("/employers", {**BRIGHTWATER, "contact": {"name": "Orla"}})
    assert (refusal.value.code, refusal.value.errors) == ("invalid_request", {"contact.email": ["field required"]})
    assert testmode.requests.verify(method="POST", count=1) == 1


def test_every_employee_is_listed_once_with_short_pages(testmode: Sandbox, client: Kota) -> None:
    seen = [each["id"] for each in client.all("/employees", page=5)]
    assert sorted(seen) == sorted(each["id"] for each in testmode.records("employees"))
    assert testmode.requests.verify(path="*/employees") == 4


def test_a_webhook_is_read(testmode: Sandbox, client: Kota, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    employer = client.post("/employers", BRIGHTWATER)
    client.wait_for(f"/employers/{employer['id']}", "active")
    testmode.clock.advance("0s")  # delivers what is due before it returns
    now = testmode.clock.now.timestamp()  # webhooks are signed with the sandbox's time, which the client has advanced
    events = [read_webhook(headers, body, secret, now) for headers, body in receiver.received]
    assert any(employer["id"] in event["data"].values() for event in events)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_secret", "old_timestamp", "truncated_webhook"])
def test_a_forged_webhook_is_refused(testmode: Sandbox, client: Kota, receiver: Receiver, fault: str) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    testmode.faults.add(fault)
    client.post("/employers", BRIGHTWATER)
    testmode.clock.advance("5s")
    headers, body = receiver.received[0]
    with pytest.raises(ValueError, match="signature"):
        read_webhook(headers, body, secret, testmode.clock.now.timestamp())


def test_duplicate_and_reordered_webhooks_are_recognized_by_id(
    testmode: Sandbox, client: Kota, receiver: Receiver
) -> None:
    secret = testmode.webhooks.add(receiver.url, version="v2")["secret"]
    testmode.faults.add("duplicate_webhook", trigger={"times": 1})
    testmode.faults.add("reordered_webhooks", trigger={"skip": 1, "times": 1})
    employer = client.post("/employers", BRIGHTWATER)
    client.wait_for(f"/employers/{employer['id']}", "active")
    testmode.clock.advance("2m")
    now = testmode.clock.now.timestamp()
    events = [read_webhook(headers, body, secret, now) for headers, body in receiver.received]
    assert len({event["id"] for event in events}) == len(events) - 1
