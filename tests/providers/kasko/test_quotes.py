"""KASKO from the quote to the policy: prices, terms, underwriters, and products of one's own."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Clock
from mockserver.providers.kasko import PROVIDER
from tests.support.kasko_sales import (
    DATA,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    V3,
    S,
    assume,
    offer,
    ok,
    pay,
    policy,
    quote,
    simulate,
)
from tests.support.worlds import NOON, World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


# From quote to policy


def test_a_quote_becomes_an_offer_a_payment_and_then_a_policy(world: World) -> None:
    made = offer(world)
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "ready"
    payment = ok(pay(world, made), 201)
    assert (payment["status"], payment["policy_id"], payment["livemode"]) == ("ok", made["id"], False)
    assert ok(world.ask("GET", f"/payments/{payment['id']}")) == payment
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "accepted"
    assert world.ask("GET", f"/policies/{made['id']}").status_code == 404
    world.advance("2s")
    shown = ok(world.ask("GET", f"/policies/{made['id']}"))
    assert (shown["status"], shown["insurer_policy_id"]) == ("paid", made["insurer_policy_id"])
    assert shown["policy_created_date"] == "2026-03-01T12:00:02+00:00"


def test_the_policy_comes_by_itself_when_the_clock_runs(world: World) -> None:
    made = offer(world)
    ok(pay(world, made), 201)
    assert ok(world.admin("GET", f"{S}/clock"))["now"].startswith("2026-03-01T12:00:00")
    world.sandbox.clock = Clock(frozen_at=NOON + 2_000_000)  # as though it had run: nobody has advanced it
    assert ok(world.ask("GET", f"/policies/{made['id']}"))["status"] == "paid"


def test_without_a_delay_the_policy_is_there_at_once(world: World) -> None:
    assume(world, policy_delay="0s")
    made = offer(world)
    ok(pay(world, made), 201)
    assert ok(world.ask("GET", f"/policies/{made['id']}"))["status"] == "paid"


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
def test_a_price_is_exact_net_and_tax_make_gross(world: World, data: dict[str, Any], net: int) -> None:
    quoted = ok(quote(world, data=data))
    premium = quoted["extra_data"]
    assert premium["net_premium"] == net
    assert premium["net_premium"] + premium["premium_tax"] == premium["gross_premium"] == quoted["gross_payment_amount"]
    assert premium["premium_tax"] == (net * 1_000 + 5_000) // 10_000
    assert premium["tax_rate"] == 0.1


def test_a_policy_lasts_from_local_midnight_to_local_midnight(world: World) -> None:
    shown = ok(world.ask("GET", f"/policies/{policy(world, data={'policy_start_date': '2026-03-02'})}"))
    assert (shown["start_date"], shown["end_date"]) == ("2026-03-01T23:00:00+00:00", "2027-03-01T23:00:00+00:00")
    assert shown["localized_dates"]["start_date"] == "2026-03-02T00:00:00+01:00"
    assert not shown["expired"]
    world.advance("366d")
    assert ok(world.ask("GET", f"/policies/{shown['id']}"))["expired"]


def test_an_offer_repeats_what_the_customer_said(world: World) -> None:
    made = offer(world, metadata={"campaign": "spring"}, distributor_traffic_source="news")
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert shown["quote"]["customer_input"] == DATA
    assert (shown["metadata"], shown["distributor_traffic_source"]) == ({"campaign": "spring"}, "news")
    assert (shown["data"], shown["flow"], shown["payment_token"]) == ([], "default", made["payment_token"])


# Underwriting


def test_a_large_sum_waits_for_an_underwriter(world: World) -> None:
    assert ok(quote(world, data={"insured_sum": 100_000_000}))["extra_data"]["flow"] == "manual_underwriting"
    made = offer(world, data={"insured_sum": 100_000_000})
    assert "payment_token" not in made
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert (shown["status"], "payment_token" in shown) == ("pending", False)
    approved = ok(simulate(world, "approve_offer", offer_id=made["id"]))
    shown = ok(world.ask("GET", f"/offers/{made['id']}"))
    assert (shown["status"], shown["payment_token"]) == ("ready", approved["payment_token"])
    ok(pay(world, shown), 201)


def test_what_the_underwriter_refuses_cannot_be_paid(world: World) -> None:
    made = offer(world, data={"insured_sum": 100_000_000})
    assert ok(simulate(world, "refuse_offer", offer_id=made["id"]))["status"] == "rejected"
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "rejected"
    assert pay(world, made).status_code == 400
    assert simulate(world, "approve_offer", offer_id=made["id"]).status_code == 422


# Products


def test_a_team_publishes_a_product_of_its_own(world: World) -> None:
    own = PRODUCT.model_dump(mode="json") | {
        "item_id": "ins_own",
        "integrations": ["in_own"],
        "policy_prefix": "OWN",
        "quote": {"insured_sum": "integer|required|in:7", "why": "required_if:insured_sum,7|string|max:3",
                  "policy_start_date": "iso_date|required|after:today"},
        "policy": {"company_name": "string|required"},
        "price": {"base": {"field": "insured_sum", "net": {"7": 333}}, "tax_basis_points": 1900},
    }  # fmt: skip
    ok(simulate(world, "publish_product", product=own))
    wanted = {**PRODUCT_KEYS, "item_id": "ins_own", "integration_id": "in_own"}
    data = {"insured_sum": 7, "why": "yes", "policy_start_date": "2026-04-01"}
    quoted = ok(world.ask("POST", "/quotes", headers=V3, json={**wanted, "data": data}))
    assert quoted["extra_data"] == {"gross_premium": 396, "premium_tax": 63, "net_premium": 333, "tax_rate": 0.19}
    body = {"quote_token": quoted["token"], **PERSON}
    refused = world.ask("POST", "/policies", json=body)
    assert ok(refused, 400)["errors"] == [{"code": "invalid_value", "field": "company_name"}]
    made = ok(world.ask("POST", "/policies", json={**body, "data": {"company_name": "Own"}}), 201)
    assert made["insurer_policy_id"].startswith("OWN-")
    for price, status in (("building", 409), (None, 404)):
        ok(simulate(world, "publish_product", product={**own, "price": price}))
        assert world.ask("POST", "/quotes", headers=V3, json={**wanted, "data": data}).status_code == status
    wrong = simulate(world, "publish_product", product={**own, "quote": {"a": "integre"}})
    assert wrong.status_code == 422
    assert "integre" in wrong.text


def own_product(world: World, **parts: Any) -> str:
    """The path of a paid policy of a product with these rules."""
    definition = PRODUCT.model_dump(mode="json") | {"item_id": "ins_own", "integrations": ["in_own"], **parts}
    ok(simulate(world, "publish_product", product=definition))
    wanted = {"item_id": "ins_own", "integration_id": "in_own"}
    body = {"quote_token": ok(quote(world, **wanted))["token"], **PERSON, "data": {"a": "1"}}
    made = ok(world.ask("POST", "/policies", json=body), 201)
    ok(pay(world, made), 201)
    world.advance("2s")
    return f"/policies/{made['id']}"


def wrong_fields(world: World, path: str, data: Any, method: str = "PATCH", **fields: Any) -> list[str]:
    answer = world.ask(method, path, json={**fields, "data": data})
    return [each["field"] for each in answer.json.get("errors", [])]


def test_data_of_a_patch_follows_the_rules_for_patches(world: World) -> None:
    rules = {"quote_patch": {"reason": "string|required|in:moved,grown"}, "policy": {"a": "string|required"}}
    path = own_product(world, **rules)
    assert wrong_fields(world, path, {}) == ["a", "reason"]
    assert wrong_fields(world, path, {"a": "2", "reason": "bored"}) == ["reason"]
    assert ok(world.ask("GET", path))["data"] == {"a": "1"}
    changed = ok(world.ask("PATCH", path, json={"data": {"a": "2", "reason": "moved"}}))
    assert changed["data"] == {"a": "2", "reason": "moved"}
    assert ok(world.ask("PATCH", path, json={"first_name": "Ida"}))["data"] == changed["data"]


def test_without_rules_for_patches_what_a_quote_needs_is_needed_again(world: World) -> None:
    path = own_product(world, quote_patch=None)
    assert set(wrong_fields(world, path, {"a": "2"})) == set(PRODUCT.quote)
    assert wrong_fields(world, path, {**DATA, "deductible": 7}) == ["deductible"]
    assert ok(world.ask("PATCH", path, json={"data": DATA}))["data"] == DATA


def test_a_whole_replacement_follows_the_rules_of_the_policys_data(world: World) -> None:
    path = own_product(world, quote_patch={"reason": "required"}, policy={"a": "string|required"})
    assert wrong_fields(world, path, {"reason": "x"}, "PUT", **PERSON) == ["a"]
    assert ok(world.ask("PUT", path, json={**PERSON, "data": {"a": "3"}}))["data"] == {"a": "3"}


def test_a_rule_for_patches_that_nobody_knows_is_refused(world: World) -> None:
    definition = PRODUCT.model_dump(mode="json") | {"quote_patch": {"a": "strin"}}
    answer = simulate(world, "publish_product", product=definition)
    assert answer.status_code == 422
    assert "strin" in answer.text


def test_an_integration_version_may_be_pinned_or_the_unpublished_one_asked_for(world: World) -> None:
    there = PRODUCT.integration_versions
    for asked, expected in [
        ({}, there.published),
        ({"live_integration": "false"}, there.unpublished),
        ({"live_integration": "true"}, there.published),
        ({"integration_version_id": there.unpublished}, there.unpublished),
        ({"integration_version_id": there.published, "live_integration": "false"}, there.published),
    ]:
        body = {"quote_token": ok(quote(world, **asked))["token"], **PERSON}
        made = ok(world.ask("POST", "/policies", json=body), 201)
        assert ok(world.ask("GET", f"/offers/{made['id']}"))["integration_version_id"] == expected


def test_an_offers_quote_says_what_was_quoted(world: World) -> None:
    quoted = ok(quote(world))
    said = ok(world.ask("GET", f"/offers/{offer(world)['id']}"))["quote"]
    assert said == {
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


def test_a_quote_and_its_offer_say_that_an_underwriter_is_asked(world: World) -> None:
    assert "flow" not in ok(quote(world))["extra_data"]
    made = offer(world, data={"insured_sum": 100_000_000})
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["flow"] == "manual_underwriting"


def test_one_request_sent_twice_makes_two_offers_whatever_idempotency_key_it_has(world: World) -> None:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    headers = {"Idempotency-Key": "once"}
    made = [ok(world.ask("POST", "/policies", json=body, headers=headers), 201)["id"] for _ in range(2)]
    assert len(set(made)) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2028-02-28", "2029-02-27T23:00:00+00:00"),
        ("2028-02-29", "2029-02-27T23:00:00+00:00"),
        ("2028-03-01", "2029-02-28T23:00:00+00:00"),
        ("2027-02-28", "2028-02-27T23:00:00+00:00"),
    ],
)
def test_a_policy_may_start_on_any_day_of_a_leap_year_and_ends_a_year_later(world: World, start: str, end: str) -> None:
    ok(world.admin("PUT", f"{S}/clock", {"action": "freeze", "at": f"{start[:4]}-02-01T12:00:00Z"}))
    shown = ok(world.ask("GET", f"/policies/{policy(world, data={'policy_start_date': start})}"))
    assert shown["quote"]["duration_data"]["policy_end_date"] == end
