"""KASKO's older operations: quotes, leads, media, and policies by time."""

from __future__ import annotations

import re
from json import dumps

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.kasko_sales import DATA, PERSON, PRODUCT, V3, key, ok, old_offer, old_quote, pay, policy, quote, said
from tests.support.worlds import World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def test_older_quotes_answer_with_a_signature_or_a_token(world: World) -> None:
    old = PRODUCT.legacy
    assert old is not None
    data = {"data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    v2 = {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id, "subscription_plan_id": old.subscription_plan_id}
    accept = {"Accept": "application/vnd.kasko.v2+json"}
    second = ok(world.ask("GET", "/quotes", query_string={**v2, **data}, headers=accept))
    for asked in ({"variant_id": old.variant_id}, {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id}):
        first = ok(world.ask("GET", "/quotes", query_string={**asked, **data}))
        assert first["signature"]
        assert first["extra_data"] == second["extra_data"]
    made = ok(world.ask("POST", "/policies", json={"quote_token": second["token"], **PERSON}), 201)
    assert made["payment_token"]


def test_a_lead_is_kept_as_it_was_sent(world: World) -> None:
    made = ok(world.ask("POST", "/leads", json={"email": "a@firm.test", "phone": "1", "data": {"a": [1]}}), 201)
    assert ok(world.ask("GET", f"/leads/{made['id']}")) == made
    assert (made["phone"], made["data"]) == ("1", {"a": [1]})
    assert world.ask("GET", f"/leads/{made['id']}", key=key(world, "live")).status_code == 404


def test_a_file_is_announced_uploaded_and_put_to_a_policy(world: World) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    media = ok(world.ask("POST", "/media", json=announced), 201)
    upload = f"/media/{media['id']}/content"
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="id.pdf"\r\n\r\n%s\r\n--x--\r\n'
    assert world.ask("POST", upload, data=part % b"long file", headers=boundary).status_code == 400
    assert ok(world.ask("POST", upload, data=part % b"\x00\xff12", headers=boundary))["uploaded"]
    id = policy(world)
    ok(world.ask("POST", f"/policies/{id}/media", json={"id": media["id"]}), 201)
    assert [each["id"] for each in ok(world.ask("GET", f"/policies/{id}"))["media"]] == [media["id"]]


def test_policies_are_found_by_the_time_they_were_made(world: World) -> None:
    id = policy(world)
    period = {"start_date": "2026-03-01 12:00:02", "end_date": "2026-03-01 12:00:02"}
    assert [each["id"] for each in ok(world.ask("GET", "/indexed_policies", query_string=period))] == [id]
    assert world.ask("GET", "/indexed_policies", query_string={**period, "end_date": "2026-03-01"}).status_code == 400


# The first version


@pytest.mark.parametrize(("mode", "first"), [("test", "t"), ("live", "l")])
def test_a_policy_of_the_first_version_has_33_letters_and_lives_as_any_other(
    world: World, mode: str, first: str
) -> None:
    own = {"key": key(world, mode)}
    made = old_offer(world, asked=own)
    assert re.fullmatch(rf"{first}[0-9A-Za-z]{{32}}", made["id"])
    assert set(made) == {"id", "payment_token", "_links"}
    assert made["_links"]["_self"]["href"].endswith(f"/policies/{made['id']}")
    assert ok(world.ask("GET", f"/offers/{made['id']}", **own))["insurer_policy_id"].startswith("TEST-")
    ok(pay(world, made, asked=own), 201)
    world.advance("2s")
    assert ok(world.ask("GET", f"/policies/{made['id']}", **own))["status"] == "paid"
    assert old_offer(world, asked=own)["id"] != made["id"]


def test_accept_says_of_which_version_an_offer_is(world: World) -> None:
    first, second = ({"Accept": f"application/vnd.kasko.v{nth}+json"} for nth in (1, 2))
    assert old_offer(world, **second)["id"].startswith("tpol_")
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    for headers, is_old in (({}, False), (first, True), (second, False), (V3, False)):
        made = ok(world.ask("POST", "/policies", json=body, headers=headers), 201)
        assert (not made["id"].startswith("tpol_"), "insurer_policy_id" not in made) == (is_old, is_old)


def test_a_quote_of_the_second_version_makes_an_offer_of_the_second(world: World) -> None:
    quoted = old_quote(world, Accept="application/vnd.kasko.v2+json")
    body = {"quote_token": quoted["token"], **PERSON}
    assert ok(world.ask("POST", "/policies", json=body), 201)["id"].startswith("tpol_")


@pytest.mark.parametrize("left_out", ["touchpoint_id", "item_id", "subscription_plan_id"])
def test_a_quote_of_the_second_version_needs_a_place_a_product_and_a_plan(world: World, left_out: str) -> None:
    old = PRODUCT.legacy
    assert old is not None
    query = old.model_dump(include={"touchpoint_id", "item_id", "subscription_plan_id"}) | {"data": dumps(DATA)}
    query.pop(left_out)
    headers = {"Accept": "application/vnd.kasko.v2+json"}
    said(world, "GET", "/quotes", 404, query_string=query, headers=headers)


def test_an_old_quote_needs_data(world: World) -> None:
    old = PRODUCT.legacy
    assert old is not None
    for data in ({}, {"data": "x"}, {"data": "[]"}):
        said(world, "GET", "/quotes", 400, query_string={"variant_id": old.variant_id, **data})


@pytest.mark.parametrize("field", ["designation", "name", "mime_type", "file_size"])
def test_a_file_is_announced_with_all_its_fields(world: World, field: str) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    announced.pop(field)
    assert field in said(world, "POST", "/media", 400, json=announced)
