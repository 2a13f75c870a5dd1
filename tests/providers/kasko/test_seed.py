"""The seed data of an account: size, consistency, fake values, and equality for equal seeds."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.products import pricing, rules
from tests.support.datasets import cached_dataset
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import PRODUCT, create_offer, events, expect_ok, key, pay

APPROXIMATE_SIZES = {"small": 50, "medium": 1_000, "large": 10_000}
sizes = pytest.mark.parametrize("size", APPROXIMATE_SIZES)
PAID, ENDED = ("paid", "cancelled"), ("ready", "pending", "rejected")


@sizes
def test_a_data_set_has_the_size_of_its_name(size: str) -> None:
    state = cached_dataset("kasko", size)
    assert 0.9 * APPROXIMATE_SIZES[size] <= sum(map(len, state.values())) <= 1.1 * APPROXIMATE_SIZES[size]
    for records in state.values():
        assert len({record["id"] for record in records}) == len(records)


@sizes
def test_all_references_resolve(size: str) -> None:
    state = cached_dataset("kasko", size)
    policies = {record["id"]: record for record in state["policies"]}
    waiting = {timer["parameters"]["policy_id"]: timer for timer in state["_timers"]}
    paid = set()
    for payment in state["payments"]:
        record = policies[payment["policy_id"]]
        assert (payment["livemode"], payment["token"]) == (record["live"], record["payment_token"])
        assert payment["customer_id"] == record["customer_id"]
        assert (payment["status"] == "ok") == (record["policy_status"] in PAID or record["id"] in waiting)
        paid |= {record["id"]} if payment["status"] == "ok" else set()
    assert paid == waiting.keys() | {id for id, record in policies.items() if record["policy_status"] in PAID}
    for id, timer in waiting.items():
        assert (policies[id]["offer_status"], policies[id]["policy_status"]) == ("accepted", None)
        assert policies[id]["timer"] == timer["id"]
    datasets = {record["id"]: record for record in state["datasets"]}
    for item in state["dataset_items"]:
        dataset = datasets[item["dataset_id"]]
        assert set(item["values"]) == set(dataset["languages"])
        assert all(set(dataset["fields"]) < set(values) for values in item["values"].values())


@sizes
def test_every_offer_is_one_the_product_would_make(size: str) -> None:
    assert PRODUCT.price is not None
    assert PRODUCT.price != "building"
    for record in cached_dataset("kasko", size)["policies"]:
        quote = record["quote"]
        data = rules.validate_data(PRODUCT.quote, quote["input"], PRODUCT.today(quote["quoted_at"]), strict=True)
        assert pricing.calculate_premium(PRODUCT.price, data) == quote["premium"]
        assert pricing.calculate_term(PRODUCT, data) == quote["term"]
        assert not pricing.meets_any(PRODUCT.knockouts, data)
        assert pricing.meets_any(PRODUCT.manual_underwriting, data) == (record["flow"] == "manual_underwriting")
        assert record["id"].startswith("lpol_" if record["live"] else "tpol_")


@sizes
def test_there_is_every_status_in_both_modes(size: str) -> None:
    for live in (False, True):
        records = [record for record in cached_dataset("kasko", size)["policies"] if record["live"] == live]
        assert {record["offer_status"] for record in records} == {"accepted", *ENDED}
        assert {record["policy_status"] for record in records} == {None, *PAID}
        ids = {record["id"] for record in records}
        payments = [each for each in cached_dataset("kasko", size)["payments"] if each["policy_id"] in ids]
        assert {each["status"] for each in payments} == {"ok", "failed"}


@sizes
def test_each_mode_has_a_paid_offer_whose_policy_is_not_issued(size: str) -> None:
    ids = [timer["parameters"]["policy_id"] for timer in cached_dataset("kasko", size)["_timers"]]
    assert [id[:5] for id in ids] == ["tpol_", "lpol_"]


def test_another_seed_gives_other_records() -> None:
    for collection in cached_dataset("kasko", "small"):
        first, second = cached_dataset("kasko", "small")[collection], cached_dataset("kasko", "small", "2")[collection]
        assert not {record["id"] for record in first} & {record["id"] for record in second}


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def request_options(harness: Harness, record: Any) -> dict[str, Any]:
    return {"key": key(harness, "live" if record["live"] else "test")}


def test_every_seeded_record_can_be_read(harness: Harness) -> None:
    for record in cached_dataset("kasko", "small")["policies"]:
        offer = expect_ok(harness.request("GET", f"/offers/{record['id']}", **request_options(harness, record)))
        assert offer["status"] == record["offer_status"]
        response = harness.request("GET", f"/policies/{record['id']}", **request_options(harness, record))
        assert response.status_code == (200 if record["policy_status"] else 404)
    for payment in cached_dataset("kasko", "small")["payments"]:
        options = request_options(harness, {"live": payment["livemode"]})
        assert expect_ok(harness.request("GET", f"/payments/{payment['id']}", **options))["status"] == payment["status"]


def test_a_seeded_offer_can_be_paid_and_a_seeded_policy_reactivated(harness: Harness) -> None:
    for record in cached_dataset("kasko", "small")["policies"]:
        options = request_options(harness, record)
        if record["offer_status"] == "ready":
            body = {"token": record["payment_token"], "policy_id": record["id"]}
            paid = harness.request(
                "POST", "/payments", json={**body, "method": "invoice", "provider": "invoice"}, **options
            )
            expect_ok(paid, 201)
            harness.advance("2s")
            assert expect_ok(harness.request("GET", f"/policies/{record['id']}", **options))["status"] == "paid"
        if record["policy_status"] == "cancelled":
            assert (
                expect_ok(harness.request("POST", f"/policies/{record['id']}/reactivate", **options))["status"]
                == "paid"
            )


def test_a_seeded_pending_offer_waits_for_its_underwriter(harness: Harness) -> None:
    waiting = [record for record in cached_dataset("kasko", "small")["policies"] if record["offer_status"] == "pending"]
    for record in waiting:
        approved = harness.admin("POST", "/sandboxes/kasko/simulations/approve_offer", {"offer_id": record["id"]})
        assert expect_ok(approved)["status"] == "ready"
    assert len(waiting) == 2


def test_seeded_records_were_created_before_today_and_have_no_host() -> None:
    for record in cached_dataset("kasko", "large")["policies"]:
        assert record["created_at"] <= record["updated_at"] < 1_772_366_400 * 1_000_000
        assert record["base"] is None


def test_a_seeded_policy_is_issued_at_its_time_or_by_simulation(harness: Harness) -> None:
    due = expect_ok(harness.admin("GET", "/sandboxes/kasko/clock"))["due"]
    assert [(each["at"][:10], each["action"]) for each in due] == [("2100-01-01", "issue_policy")] * 2
    test_policy, live_policy = (
        timer["parameters"]["policy_id"] for timer in cached_dataset("kasko", "small")["_timers"]
    )
    options = {"key": key(harness, "live")}
    assert expect_ok(harness.request("GET", f"/offers/{test_policy}"))["status"] == "accepted"
    assert harness.request("GET", f"/policies/{test_policy}").status_code == 404
    expect_ok(harness.admin("POST", "/sandboxes/kasko/simulations/issue_policy", {"policy_id": test_policy}))
    assert (
        expect_ok(harness.request("GET", f"/policies/{test_policy}"))["policy_created_date"]
        == "2026-03-01T12:00:00+00:00"
    )
    assert len(expect_ok(harness.admin("GET", "/sandboxes/kasko/clock"))["due"]) == 1
    assert harness.request("GET", f"/policies/{live_policy}", **options).status_code == 404
    frozen = harness.admin("PUT", "/sandboxes/kasko/clock", {"action": "freeze", "at": "2100-01-01T00:00:00Z"})
    assert frozen.status_code == 200, frozen.text
    assert (
        expect_ok(harness.request("GET", f"/policies/{live_policy}", **options))["policy_created_date"]
        == "2100-01-01T00:00:00+00:00"
    )


def test_a_paid_policy_is_not_issued_twice(harness: Harness) -> None:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    issue = ("POST", "/sandboxes/kasko/simulations/issue_policy", {"policy_id": offer["id"]})
    expect_ok(harness.admin(*issue))
    assert harness.admin(*issue).status_code == 422
    harness.advance("2s")
    assert [event["type"] for event in events(harness)] == ["policy.created"]


def test_links_of_seeded_records_use_the_host_of_the_request(harness: Harness) -> None:
    record = next(each for each in cached_dataset("kasko", "small")["policies"] if each["policy_status"] == "paid")
    path, host = f"/policies/{record['id']}", {"Host": "sandbox.localhost:81"}
    policy = expect_ok(harness.request("GET", path, headers=host))
    assert policy["assets"][0]["url"] == f"http://sandbox.localhost:81/kasko/assets/{record['id']}/policy.pdf"
    assert policy["_links"]["_self"]["href"] == f"http://sandbox.localhost:81/kasko{path}"
    expect_ok(harness.request("PATCH", path, json={"first_name": "Ida"}, headers=host))
    expect_ok(harness.admin("POST", "/sandboxes/kasko/simulations/insurer_cancels", {"policy_id": record["id"]}))
    for event in events(harness):
        assert event["data"]["_links"]["self"]["href"] == f"http://sandbox.localhost:81/kasko{path}"
        assert event["data"]["assets"][0]["href"].startswith("http://sandbox.localhost:81/kasko/assets/")


def test_an_event_of_a_record_that_was_never_requested_has_links_without_a_host(harness: Harness) -> None:
    record = next(each for each in cached_dataset("kasko", "small")["policies"] if each["policy_status"] == "paid")
    expect_ok(harness.admin("POST", "/sandboxes/kasko/simulations/insurer_cancels", {"policy_id": record["id"]}))
    [event] = events(harness)
    assert event["data"]["_links"]["self"]["href"] == f"/policies/{record['id']}"
    assert event["data"]["assets"][0]["href"] == f"/assets/{record['id']}/policy.pdf"
