"""The data an account begins with: big enough, sound, fake, and the same for the same seed."""

from __future__ import annotations

import re
from functools import cache
from json import loads
from typing import Any

import pytest

from mockserver.app import fixtures
from mockserver.engine import Randomness, State, as_json
from mockserver.providers.kasko import PROVIDER, pricing, rules
from mockserver.providers.kasko.seed import BASE
from tests.kasko import PRODUCT, key, ok
from tests.worlds import World, make_world

ABOUT = {"small": 50, "medium": 1_000, "large": 10_000}
sizes = pytest.mark.parametrize("size", ABOUT)
PAID, ENDED = ("paid", "cancelled"), ("ready", "pending", "rejected")


def quiet(done: int, total: int) -> None:
    """Watch nothing."""


@cache
def generated(size: str, seed: str = "1") -> State:
    return PROVIDER.generate(Randomness(seed), size, quiet)


@sizes
def test_a_data_set_is_as_big_as_it_says(size: str) -> None:
    state = generated(size)
    assert 0.9 * ABOUT[size] <= sum(map(len, state.values())) <= 1.1 * ABOUT[size]
    for records in state.values():
        assert len({record["id"] for record in records}) == len(records)


@sizes
def test_everything_hangs_together(size: str) -> None:
    state = generated(size)
    policies = {record["id"]: record for record in state["policies"]}
    paid = set()
    for payment in state["payments"]:
        record = policies[payment["policy_id"]]
        assert (payment["livemode"], payment["token"]) == (record["live"], record["payment_token"])
        assert payment["customer_id"] == record["customer_id"]
        assert (payment["status"] == "ok") == (record["policy_status"] in PAID)
        paid |= {record["id"]} if payment["status"] == "ok" else set()
    assert paid == {id for id, record in policies.items() if record["policy_status"] in PAID}
    datasets = {record["id"]: record for record in state["datasets"]}
    for item in state["dataset_items"]:
        dataset = datasets[item["dataset_id"]]
        assert set(item["values"]) == set(dataset["languages"])
        assert all(set(dataset["fields"]) < set(values) for values in item["values"].values())


@sizes
def test_every_offer_is_one_the_product_would_make(size: str) -> None:
    assert PRODUCT.price is not None
    assert PRODUCT.price != "building"
    for record in generated(size)["policies"]:
        quote = record["quote"]
        read = rules.check(PRODUCT.quote, quote["input"], PRODUCT.today(quote["quoted_at"]), strict=True)
        assert pricing.premium(PRODUCT.price, read) == quote["premium"]
        assert pricing.term(PRODUCT, read) == quote["term"]
        assert not pricing.holds(PRODUCT.knockouts, read)
        assert pricing.holds(PRODUCT.manual_underwriting, read) == (record["flow"] == "manual_underwriting")
        assert record["id"].startswith("lpol_" if record["live"] else "tpol_")


@sizes
def test_there_is_every_status_in_both_modes(size: str) -> None:
    for live in (False, True):
        mine = [record for record in generated(size)["policies"] if record["live"] == live]
        assert {record["offer_status"] for record in mine} == {"accepted", *ENDED}
        assert {record["policy_status"] for record in mine} == {None, *PAID}
        ids = {record["id"] for record in mine}
        payments = [each for each in generated(size)["payments"] if each["policy_id"] in ids]
        assert {each["status"] for each in payments} == {"ok", "failed"}


@sizes
def test_e_mail_addresses_lead_nowhere(size: str) -> None:
    for record in generated(size)["policies"]:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\.\d+@[a-z.]+\.test", record["email"]), record["email"]


@pytest.mark.parametrize("size", ["small", "medium"])
def test_the_same_seed_gives_what_is_written(size: str) -> None:
    again = PROVIDER.generate(Randomness("1"), size, quiet)
    assert as_json(again) == as_json(generated(size))
    written = loads((fixtures() / "datasets" / f"kasko-{size}.json").read_bytes())
    assert written == loads(as_json(again)), "run `make fixtures`"


def test_another_seed_gives_other_people_under_other_ids() -> None:
    for collection in generated("small"):
        one, two = generated("small")[collection], generated("small", "2")[collection]
        assert not {record["id"] for record in one} & {record["id"] for record in two}


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def asked(world: World, record: Any) -> dict[str, Any]:
    return {"key": key(world, "live" if record["live"] else "test")}


def test_every_seeded_record_can_be_read(world: World) -> None:
    for record in generated("small")["policies"]:
        shown = ok(world.ask("GET", f"/offers/{record['id']}", **asked(world, record)))
        assert shown["status"] == record["offer_status"]
        answer = world.ask("GET", f"/policies/{record['id']}", **asked(world, record))
        assert answer.status_code == (200 if record["policy_status"] else 404)
    for payment in generated("small")["payments"]:
        how = asked(world, {"live": payment["livemode"]})
        assert ok(world.ask("GET", f"/payments/{payment['id']}", **how))["status"] == payment["status"]


def test_a_seeded_offer_can_be_paid_and_a_seeded_policy_reactivated(world: World) -> None:
    for record in generated("small")["policies"]:
        how = asked(world, record)
        if record["offer_status"] == "ready":
            body = {"token": record["payment_token"], "policy_id": record["id"]}
            paid = world.ask("POST", "/payments", json={**body, "method": "invoice", "provider": "invoice"}, **how)
            ok(paid, 201)
            world.advance("2s")
            assert ok(world.ask("GET", f"/policies/{record['id']}", **how))["status"] == "paid"
        if record["policy_status"] == "cancelled":
            assert ok(world.ask("POST", f"/policies/{record['id']}/reactivate", **how))["status"] == "paid"


def test_a_seeded_pending_offer_waits_for_its_underwriter(world: World) -> None:
    waiting = [record for record in generated("small")["policies"] if record["offer_status"] == "pending"]
    for record in waiting:
        approved = world.admin("POST", "/sandboxes/kasko/simulations/approve_offer", {"offer_id": record["id"]})
        assert ok(approved)["status"] == "ready"
    assert len(waiting) == 2


def test_records_were_made_before_today_and_by_this_machine() -> None:
    for record in generated("large")["policies"]:
        assert record["created_at"] <= record["updated_at"] < 1_772_366_400 * 1_000_000
        assert record["base"] == BASE


@pytest.mark.parametrize("seed", ["1", "another"])
def test_a_new_sandbox_holds_the_data_of_its_seed(seed: str) -> None:
    world = make_world(PROVIDER)
    assert world.admin("POST", "/sandboxes", {"provider": "kasko", "name": "mine", "seed": seed}).status_code == 201
    kept = world.engine.export("mine")["collections"]
    expected = generated("small", seed)
    assert {name: kept[name] for name in expected} == loads(as_json(expected))
