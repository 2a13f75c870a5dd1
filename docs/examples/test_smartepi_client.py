"""Tests that the example client handles what SmartEPI's documentation describes: one behaviour per test."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from conftest import Receiver
from smartepi_client import Refused, SmartEPI, read_webhook

from mockserver.testing.client import Sandbox

pytestmark = pytest.mark.testmode("smartepi")


@pytest.fixture
def client(testmode: Sandbox) -> SmartEPI:
    return SmartEPI(testmode.base_url, testmode.key, backoff=0.001)


def test_the_client_waits_until_a_new_key_works(testmode: Sandbox, sleep: Callable[[float], object]) -> None:
    secret = testmode.mint_key()["secret"]
    SmartEPI(testmode.base_url, secret, sleep=sleep).wait_for_key()
    assert testmode.requests.verify(status=403, at_least=10) == 12


def test_the_client_stops_waiting_for_a_key_after_its_timeout(
    testmode: Sandbox, sleep: Callable[[float], object]
) -> None:
    secret = testmode.mint_key(activates_in="1h")["secret"]
    with pytest.raises(TimeoutError, match="after 90 s"):
        SmartEPI(testmode.base_url, secret, sleep=sleep).wait_for_key()


def test_a_revoked_key_works_for_another_minute(testmode: Sandbox, client: SmartEPI) -> None:
    testmode.revoke_key(testmode.key)
    assert list(client.employees())
    testmode.clock.advance("61s")
    with pytest.raises(Refused, match="403"):
        list(client.employees())


def test_the_client_retries_after_429(testmode: Sandbox, client: SmartEPI) -> None:
    testmode.faults.add("rate_limited", trigger={"times": 3})
    assert client.create_sector("Paint shop")["name"] == "Paint shop"
    assert testmode.requests.verify(method="POST", status=429) == 3
    assert testmode.requests.verify(method="POST", status=201, count=1) == 1


def test_reads_are_retried_after_an_outage_and_writes_are_not(testmode: Sandbox, client: SmartEPI) -> None:
    testmode.faults.add("gateway", status=503, trigger={"times": 2})
    assert client.sector_named("nowhere") is None
    with testmode.scenario("outage"), pytest.raises(Refused, match="503"):
        client.create_sector("Paint shop")


@pytest.mark.parametrize("fault", ["lost_response", "reset", "empty", "truncated"])
def test_a_sector_is_created_once_if_the_request_or_the_response_is_lost(
    testmode: Sandbox, client: SmartEPI, fault: str
) -> None:
    testmode.faults.add(fault, match={"method": "POST"}, trigger={"times": 1})
    sector = client.create_sector("Paint shop")
    assert [each["id"] for each in testmode.records("sectors") if each["name"] == "Paint shop"] == [sector["id"]]


def test_every_employee_is_listed_once_with_short_pages(testmode: Sandbox, client: SmartEPI) -> None:
    seen = [each["id"] for each in client.employees(page=4)]
    assert sorted(seen) == sorted(each["id"] for each in testmode.records("employees"))
    assert testmode.requests.verify(operation="list_employees") == 4


def test_a_change_by_another_client_is_not_overwritten(testmode: Sandbox, client: SmartEPI) -> None:
    sector = client.create_sector("Paint")
    other = SmartEPI(testmode.base_url, testmode.key)

    def renamed(name: str) -> str:
        if name == "Paint":
            other.rename_sector(sector["id"], lambda _: "Paint and lacquer")
        return f"{name}, hall 2"

    assert client.rename_sector(sector["id"], renamed)["name"] == "Paint and lacquer, hall 2"
    assert testmode.requests.verify(method="PUT", status=409) == 1


def test_a_webhook_is_read(testmode: Sandbox, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url)["secret"]
    withdrawal = testmode.simulate("record_withdrawal", quantity=2)
    testmode.clock.advance("0s")  # delivers what is due before it returns
    ((headers, body),) = receiver.received
    event = read_webhook(headers, body, secret, time.time())
    assert (event["type"], event["data"]["id"]) == ("withdrawal.created", withdrawal["id"])


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_secret", "old_timestamp", "truncated_webhook"])
def test_a_forged_webhook_is_refused(testmode: Sandbox, receiver: Receiver, fault: str) -> None:
    secret = testmode.webhooks.add(receiver.url)["secret"]
    testmode.faults.add(fault)
    testmode.simulate("record_withdrawal")
    testmode.clock.advance("0s")
    ((headers, body),) = receiver.received
    with pytest.raises(ValueError, match="signature"):
        read_webhook(headers, body, secret, time.time())


def test_a_duplicate_webhook_has_the_same_id(testmode: Sandbox, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url)["secret"]
    testmode.faults.add("duplicate_webhook")
    testmode.simulate("record_withdrawal")
    testmode.clock.advance("0s")
    ids = [read_webhook(headers, body, secret, time.time())["id"] for headers, body in receiver.received]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_receiver_that_was_down_gets_its_webhook_later(testmode: Sandbox, receiver: Receiver) -> None:
    receiver.statuses = [500, 503]
    testmode.webhooks.add(receiver.url)
    testmode.simulate("record_withdrawal")
    testmode.clock.advance("1h")
    assert len(receiver.received) == 3
    assert testmode.deliveries.list()[0]["state"] == "delivered"
