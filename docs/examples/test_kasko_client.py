"""Tests that the example client handles what KASKO's documentation describes: one behaviour per test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Receiver
from kasko_client import Kasko, Refused, read_webhook

from mockserver.testing.client import Sandbox

pytestmark = pytest.mark.testmode("kasko")
CYBER = {
    "item_id": "ins_7d1f0c5a9b3e48620c1d5e7f9a2b",
    "integration_id": "in_2a4c6e8b0d1f3957796b5d3f1e0c2",
    "subscription_plan_id": "pp_5f7b9d1a3c0e24686420eca8bdf13",
    "data": {
        "employee_number": 12,
        "yearly_turnover": 90_000_000,
        "company_backup": "weekly",
        "encryption": True,
        "deductible": 500_000,
        "insured_sum": 30_000_000,
        "online_revenue_percentage": "0_25",
        "policy_start_date": "2099-02-01",
        "third_party_coverage": False,
    },
}
MIA = {"first_name": "Mia", "last_name": "Kern", "email": "mia@firm.test", "language": "en"}


@pytest.fixture
def client(testmode: Sandbox, sleep: Callable[[float], object]) -> Kasko:
    return Kasko(testmode.base_url, testmode.key, backoff=0.001, sleep=sleep)


def buy_policy(client: Kasko) -> str:
    offer = client.offer(client.quote(CYBER)["token"], MIA)
    client.pay(offer)
    return str(offer["id"])


def test_the_client_pays_an_offer_and_waits_for_the_policy(testmode: Sandbox, client: Kasko) -> None:
    id = buy_policy(client)
    assert client.policy(id).json()["status"] == "paid"
    assert testmode.requests.verify(operation="get_policy", status=404) >= 1


def test_the_client_stops_waiting_for_a_policy_after_its_timeout(client: Kasko) -> None:
    offer = client.offer(client.quote(CYBER)["token"], MIA)
    with pytest.raises(TimeoutError, match="within 60 s"):
        client.policy(offer["id"])


def test_fields_that_the_product_rules_refuse_are_named(client: Kasko) -> None:
    with pytest.raises(Refused) as refusal:
        client.quote({**CYBER, "data": {**CYBER["data"], "deductible": 7}})  # type: ignore[dict-item]
    assert (refusal.value.status, refusal.value.fields) == (400, ["deductible"])


def test_a_quote_is_retried_after_an_outage_and_an_offer_is_not(testmode: Sandbox, client: Kasko) -> None:
    testmode.faults.add("gateway", status=502, trigger={"times": 3})
    quote = client.quote(CYBER)
    with testmode.scenario("outage"), pytest.raises(Refused, match="503"):
        client.offer(quote["token"], MIA)


@pytest.mark.parametrize("fault", ["lost_response", "reset", "empty", "truncated"])
def test_an_offer_is_paid_once_if_the_request_or_the_response_is_lost(
    testmode: Sandbox, client: Kasko, fault: str
) -> None:
    testmode.faults.add(fault, match={"operation": "create_payment"}, trigger={"times": 1})
    id = buy_policy(client)
    assert [each["status"] for each in testmode.records("payments") if each["policy_id"] == id] == ["ok"]
    testmode.requests.verify(operation="create_payment", status=409, count=0)


def test_an_offer_is_made_again_if_its_response_is_lost(testmode: Sandbox, client: Kasko) -> None:
    before = testmode.collections["policies"]
    testmode.faults.add("lost_response", match={"path": "*/policies"}, trigger={"times": 1})
    assert client.policy(buy_policy(client)).json()["status"] == "paid"
    assert testmode.collections["policies"] == before + 2


def test_a_policy_that_changed_before_the_cancellation_is_read_again(testmode: Sandbox, client: Kasko) -> None:
    id = buy_policy(client)
    client.policy(id)
    testmode.faults.add("status", status=412, match={"method": "PUT"}, trigger={"times": 1})
    client.cancel(id, "sold")
    assert client.policy(id).json()["status"] == "cancelled"
    assert testmode.requests.verify(in_order=[{"method": "PUT"}, {"method": "GET"}, {"method": "PUT"}]) == 3


def test_every_item_of_a_dataset_is_listed_once_with_short_pages(testmode: Sandbox, client: Kasko) -> None:
    dataset = testmode.records("datasets", limit=1)[0]["id"]
    seen = [item["id"] for item in client.dataset(dataset, ["name"], page=2)]
    expected = [item["id"] for item in testmode.records("dataset_items") if item["dataset_id"] == dataset]
    assert sorted(seen) == sorted(expected)
    assert testmode.requests.verify(path="*/dataset_items") > 1


def test_a_webhook_is_read(testmode: Sandbox, client: Kasko, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url, version="test")["secret"]
    id = buy_policy(client)
    client.policy(id)
    testmode.clock.advance("0s")  # delivers what is due before it returns
    ((headers, body),) = receiver.received
    type, _, policy = read_webhook(headers, body, secret)
    assert (type, policy["id"]) == ("policy.created", id)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_secret", "truncated_webhook"])
def test_a_forged_webhook_is_refused(testmode: Sandbox, client: Kasko, receiver: Receiver, fault: str) -> None:
    secret = testmode.webhooks.add(receiver.url, version="test")["secret"]
    testmode.faults.add(fault)
    client.policy(buy_policy(client))
    testmode.clock.advance("0s")
    headers, body = receiver.received[0]
    with pytest.raises(ValueError, match="signature"):
        read_webhook(headers, body, secret)


def test_a_duplicate_webhook_has_the_same_delivery_id(testmode: Sandbox, client: Kasko, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url, version="test")["secret"]
    testmode.faults.add("duplicate_webhook")
    client.policy(buy_policy(client))
    testmode.clock.advance("0s")
    deliveries = [read_webhook(headers, body, secret)[1] for headers, body in receiver.received]
    assert len(deliveries) == 2
    assert len(set(deliveries)) == 1
