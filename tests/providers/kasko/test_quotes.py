"""KASKO from the quote to the policy: prices, terms, underwriting and custom products."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Clock
from mockserver.providers.kasko import PROVIDER
from tests.support.harness import NOON, Harness, make_harness
from tests.support.kasko_helpers import (
    DATA,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    SANDBOX_PATH,
    V3_HEADERS,
    create_offer,
    create_policy,
    expect_ok,
    pay,
    request_quote,
    set_assumptions,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


# From quote to policy


def test_a_quote_becomes_an_offer_a_payment_and_then_a_policy(harness: Harness) -> None:
    offer = create_offer(harness)
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"] == "ready"
    payment = expect_ok(pay(harness, offer), 201)
    assert (payment["status"], payment["policy_id"], payment["livemode"]) == ("ok", offer["id"], False)
    assert expect_ok(harness.request("GET", f"/payments/{payment['id']}")) == payment
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"] == "accepted"
    assert harness.request("GET", f"/policies/{offer['id']}").status_code == 404
    harness.advance("2s")
    policy = expect_ok(harness.request("GET", f"/policies/{offer['id']}"))
    assert (policy["status"], policy["insurer_policy_id"]) == ("paid", offer["insurer_policy_id"])
    assert policy["policy_created_date"] == "2026-03-01T12:00:02+00:00"


def test_the_policy_is_issued_when_the_running_clock_reaches_its_instant(harness: Harness) -> None:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    assert expect_ok(harness.admin("GET", f"{SANDBOX_PATH}/clock"))["now"].startswith("2026-03-01T12:00:00")
    # Sets the clock directly, because `advance` would run the timer itself.
    harness.sandbox.clock = Clock(frozen_at=NOON + 2_000_000)
    assert expect_ok(harness.request("GET", f"/policies/{offer['id']}"))["status"] == "paid"


def test_without_a_delay_the_policy_is_issued_at_once(harness: Harness) -> None:
    set_assumptions(harness, policy_delay="0s")
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    assert expect_ok(harness.request("GET", f"/policies/{offer['id']}"))["status"] == "paid"


@pytest.mark.parametrize(
    ("data", "net"),
    [
        ({}, 120_000),
        ({"encryption": False}, 150_000),
        ({"insured_sum": 10_000_000}, 60_000),
        ({"employee_number": 21}, 156_000),
        ({"employee_number": 20}, 120_000),
        ({"employee_number": 101, "yearly_turnover": 1_000_000_001}, 441_000),
        ({"deductible": 100_000, "third_party_coverage": True}, 169_920),
        ({"company_backup": "monthly", "online_revenue_percentage": "above_50", "deductible": 1_000_000}, 145_795),
    ],
)
def test_a_price_is_exact_and_net_plus_tax_is_gross(harness: Harness, data: dict[str, Any], net: int) -> None:
    quoted = expect_ok(request_quote(harness, data=data))
    premium = quoted["extra_data"]
    assert premium["net_premium"] == net
    assert premium["net_premium"] + premium["premium_tax"] == premium["gross_premium"] == quoted["gross_payment_amount"]
    assert premium["premium_tax"] == (net * 1_000 + 5_000) // 10_000
    assert premium["tax_rate"] == 0.1


def test_a_policy_lasts_from_local_midnight_to_local_midnight(harness: Harness) -> None:
    policy = expect_ok(
        harness.request("GET", f"/policies/{create_policy(harness, data={'policy_start_date': '2026-03-02'})}")
    )
    assert (policy["start_date"], policy["end_date"]) == ("2026-03-01T23:00:00+00:00", "2027-03-01T23:00:00+00:00")
    assert policy["localized_dates"]["start_date"] == "2026-03-02T00:00:00+01:00"
    assert not policy["expired"]
    harness.advance("366d")
    assert expect_ok(harness.request("GET", f"/policies/{policy['id']}"))["expired"]


def test_an_offer_contains_the_customers_input(harness: Harness) -> None:
    offer = create_offer(harness, metadata={"campaign": "spring"}, distributor_traffic_source="news")
    details = expect_ok(harness.request("GET", f"/offers/{offer['id']}"))
    assert details["quote"]["customer_input"] == DATA
    assert (details["metadata"], details["distributor_traffic_source"]) == ({"campaign": "spring"}, "news")
    assert (details["data"], details["flow"], details["payment_token"]) == ([], "default", offer["payment_token"])


# Underwriting


def test_a_large_sum_waits_for_an_underwriter(harness: Harness) -> None:
    assert (
        expect_ok(request_quote(harness, data={"insured_sum": 100_000_000}))["extra_data"]["flow"]
        == "manual_underwriting"
    )
    offer = create_offer(harness, data={"insured_sum": 100_000_000})
    assert "payment_token" not in offer
    details = expect_ok(harness.request("GET", f"/offers/{offer['id']}"))
    assert (details["status"], "payment_token" in details) == ("pending", False)
    approved = expect_ok(simulate(harness, "approve_offer", offer_id=offer["id"]))
    details = expect_ok(harness.request("GET", f"/offers/{offer['id']}"))
    assert (details["status"], details["payment_token"]) == ("ready", approved["payment_token"])
    expect_ok(pay(harness, details), 201)


def test_an_offer_that_the_underwriter_refuses_cannot_be_paid(harness: Harness) -> None:
    offer = create_offer(harness, data={"insured_sum": 100_000_000})
    assert expect_ok(simulate(harness, "refuse_offer", offer_id=offer["id"]))["status"] == "rejected"
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"] == "rejected"
    assert pay(harness, offer).status_code == 400
    assert simulate(harness, "approve_offer", offer_id=offer["id"]).status_code == 422


# Products


def test_a_simulation_publishes_a_custom_product(harness: Harness) -> None:
    custom = PRODUCT.model_dump(mode="json") | {
        "item_id": "ins_own",
        "integrations": ["in_own"],
        "policy_prefix": "OWN",
        "quote": {"insured_sum": "integer|required|in:7", "why": "required_if:insured_sum,7|string|max:3",
                  "policy_start_date": "iso_date|required|after:today"},
        "policy": {"company_name": "string|required"},
        "price": {"base": {"field": "insured_sum", "net": {"7": 333}}, "tax_basis_points": 1900},
    }  # fmt: skip
    expect_ok(simulate(harness, "publish_product", product=custom))
    product_keys = {**PRODUCT_KEYS, "item_id": "ins_own", "integration_id": "in_own"}
    data = {"insured_sum": 7, "why": "yes", "policy_start_date": "2026-04-01"}
    quoted = expect_ok(harness.request("POST", "/quotes", headers=V3_HEADERS, json={**product_keys, "data": data}))
    assert quoted["extra_data"] == {"gross_premium": 396, "premium_tax": 63, "net_premium": 333, "tax_rate": 0.19}
    body = {"quote_token": quoted["token"], **PERSON}
    refused = harness.request("POST", "/policies", json=body)
    assert expect_ok(refused, 400)["errors"] == [{"code": "invalid_value", "field": "company_name"}]
    offer = expect_ok(harness.request("POST", "/policies", json={**body, "data": {"company_name": "Own"}}), 201)
    assert offer["insurer_policy_id"].startswith("OWN-")
    for price, status in (("building", 409), (None, 404)):
        expect_ok(simulate(harness, "publish_product", product={**custom, "price": price}))
        assert (
            harness.request("POST", "/quotes", headers=V3_HEADERS, json={**product_keys, "data": data}).status_code
            == status
        )
    wrong = simulate(harness, "publish_product", product={**custom, "quote": {"a": "integre"}})
    assert wrong.status_code == 422
    assert "integre" in wrong.text


def publish_product(harness: Harness, **parts: Any) -> str:
    """Publishes a product with these parts; returns the path of a paid policy of it."""
    definition = PRODUCT.model_dump(mode="json") | {"item_id": "ins_own", "integrations": ["in_own"], **parts}
    expect_ok(simulate(harness, "publish_product", product=definition))
    product_keys = {"item_id": "ins_own", "integration_id": "in_own"}
    body = {"quote_token": expect_ok(request_quote(harness, **product_keys))["token"], **PERSON, "data": {"a": "1"}}
    offer = expect_ok(harness.request("POST", "/policies", json=body), 201)
    expect_ok(pay(harness, offer), 201)
    harness.advance("2s")
    return f"/policies/{offer['id']}"


def invalid_fields(harness: Harness, path: str, data: Any, method: str = "PATCH", **fields: Any) -> list[str]:
    response = harness.request(method, path, json={**fields, "data": data})
    return [each["field"] for each in response.json.get("errors", [])]


def test_the_data_of_a_patch_is_checked_by_the_patch_rules(harness: Harness) -> None:
    rules = {"quote_patch": {"reason": "string|required|in:moved,grown"}, "policy": {"a": "string|required"}}
    path = publish_product(harness, **rules)
    assert invalid_fields(harness, path, {}) == ["a", "reason"]
    assert invalid_fields(harness, path, {"a": "2", "reason": "bored"}) == ["reason"]
    assert expect_ok(harness.request("GET", path))["data"] == {"a": "1"}
    changed = expect_ok(harness.request("PATCH", path, json={"data": {"a": "2", "reason": "moved"}}))
    assert changed["data"] == {"a": "2", "reason": "moved"}
    assert expect_ok(harness.request("PATCH", path, json={"first_name": "Ida"}))["data"] == changed["data"]


def test_without_patch_rules_the_data_of_a_patch_is_checked_by_the_quote_rules(harness: Harness) -> None:
    path = publish_product(harness, quote_patch=None)
    assert set(invalid_fields(harness, path, {"a": "2"})) == set(PRODUCT.quote)
    assert invalid_fields(harness, path, {**DATA, "deductible": 7}) == ["deductible"]
    assert expect_ok(harness.request("PATCH", path, json={"data": DATA}))["data"] == DATA


def test_the_data_of_a_replacement_is_checked_by_the_policy_rules(harness: Harness) -> None:
    path = publish_product(harness, quote_patch={"reason": "required"}, policy={"a": "string|required"})
    assert invalid_fields(harness, path, {"reason": "x"}, "PUT", **PERSON) == ["a"]
    assert expect_ok(harness.request("PUT", path, json={**PERSON, "data": {"a": "3"}}))["data"] == {"a": "3"}


def test_an_unknown_patch_rule_is_refused(harness: Harness) -> None:
    definition = PRODUCT.model_dump(mode="json") | {"quote_patch": {"a": "strin"}}
    response = simulate(harness, "publish_product", product=definition)
    assert response.status_code == 422
    assert "strin" in response.text


def test_an_integration_version_may_be_pinned_or_the_unpublished_one_requested(harness: Harness) -> None:
    versions = PRODUCT.integration_versions
    for options, expected in [
        ({}, versions.published),
        ({"live_integration": "false"}, versions.unpublished),
        ({"live_integration": "true"}, versions.published),
        ({"integration_version_id": versions.unpublished}, versions.unpublished),
        ({"integration_version_id": versions.published, "live_integration": "false"}, versions.published),
    ]:
        body = {"quote_token": expect_ok(request_quote(harness, **options))["token"], **PERSON}
        offer = expect_ok(harness.request("POST", "/policies", json=body), 201)
        assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["integration_version_id"] == expected


def test_an_offer_contains_its_quote(harness: Harness) -> None:
    quoted = expect_ok(request_quote(harness))
    quote = expect_ok(harness.request("GET", f"/offers/{create_offer(harness)['id']}"))["quote"]
    assert quote == {
        "version": 2,
        "customer_input": DATA,
        "touchpoint_id": PRODUCT_KEYS["integration_id"],
        "item_id": PRODUCT_KEYS["item_id"],
        "subscription_plan_id": PRODUCT_KEYS["subscription_plan_id"],
        "gross_payment_amount": quoted["gross_payment_amount"],
        "payment_data": quoted["extra_data"],
        "data": [],
        "duration_strategy": "fixed_start_and_end_date",
        "duration_data": {
            "policy_start_date": "2026-03-31T22:00:00+00:00",
            "policy_end_date": "2027-03-31T22:00:00+00:00",
        },
        "billing_cycles": 1,
        "quote_created_at": "2026-03-01T12:00:00+00:00",
    }


def test_only_an_offer_for_the_underwriter_has_the_manual_flow(harness: Harness) -> None:
    assert "flow" not in expect_ok(request_quote(harness))["extra_data"]
    offer = create_offer(harness, data={"insured_sum": 100_000_000})
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["flow"] == "manual_underwriting"


def test_an_idempotency_key_is_ignored_so_a_repeated_request_makes_a_second_offer(harness: Harness) -> None:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    headers = {"Idempotency-Key": "once"}
    ids = [expect_ok(harness.request("POST", "/policies", json=body, headers=headers), 201)["id"] for _ in range(2)]
    assert len(set(ids)) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2028-02-28", "2029-02-27T23:00:00+00:00"),
        ("2028-02-29", "2029-02-27T23:00:00+00:00"),
        ("2028-03-01", "2029-02-28T23:00:00+00:00"),
        ("2027-02-28", "2028-02-27T23:00:00+00:00"),
    ],
)
def test_a_policy_may_start_on_any_day_of_a_leap_year_and_ends_a_year_later(
    harness: Harness, start: str, end: str
) -> None:
    expect_ok(harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": f"{start[:4]}-02-01T12:00:00Z"}))
    policy = expect_ok(harness.request("GET", f"/policies/{create_policy(harness, data={'policy_start_date': start})}"))
    assert policy["quote"]["duration_data"]["policy_end_date"] == end
