"""KASKO's older operations: quotes, leads, media, and policies by time."""

from __future__ import annotations

import re
from json import dumps

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    DATA,
    PERSON,
    PRODUCT,
    V3_HEADERS,
    create_legacy_offer,
    create_legacy_quote,
    create_policy,
    expect_ok,
    key,
    pay,
    refusal_message,
    request_quote,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def test_older_quotes_answer_with_a_signature_or_a_token(harness: Harness) -> None:
    old = PRODUCT.legacy
    assert old is not None
    data = {"data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    v2 = {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id, "subscription_plan_id": old.subscription_plan_id}
    accept = {"Accept": "application/vnd.kasko.v2+json"}
    second = expect_ok(harness.request("GET", "/quotes", query_string={**v2, **data}, headers=accept))
    for asked in ({"variant_id": old.variant_id}, {"touchpoint_id": old.touchpoint_id, "item_id": old.item_id}):
        first = expect_ok(harness.request("GET", "/quotes", query_string={**asked, **data}))
        assert first["signature"]
        assert first["extra_data"] == second["extra_data"]
    made = expect_ok(harness.request("POST", "/policies", json={"quote_token": second["token"], **PERSON}), 201)
    assert made["payment_token"]


def test_a_lead_is_kept_as_it_was_sent(harness: Harness) -> None:
    made = expect_ok(
        harness.request("POST", "/leads", json={"email": "a@firm.test", "phone": "1", "data": {"a": [1]}}), 201
    )
    assert expect_ok(harness.request("GET", f"/leads/{made['id']}")) == made
    assert (made["phone"], made["data"]) == ("1", {"a": [1]})
    assert harness.request("GET", f"/leads/{made['id']}", key=key(harness, "live")).status_code == 404


def test_a_file_is_announced_uploaded_and_put_to_a_policy(harness: Harness) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    media = expect_ok(harness.request("POST", "/media", json=announced), 201)
    upload = f"/media/{media['id']}/content"
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="id.pdf"\r\n\r\n%s\r\n--x--\r\n'
    assert harness.request("POST", upload, data=part % b"long file", headers=boundary).status_code == 400
    assert expect_ok(harness.request("POST", upload, data=part % b"\x00\xff12", headers=boundary))["uploaded"]
    id = create_policy(harness)
    expect_ok(harness.request("POST", f"/policies/{id}/media", json={"id": media["id"]}), 201)
    assert [each["id"] for each in expect_ok(harness.request("GET", f"/policies/{id}"))["media"]] == [media["id"]]


def test_policies_are_found_by_the_time_they_were_made(harness: Harness) -> None:
    id = create_policy(harness)
    period = {"start_date": "2026-03-01 12:00:02", "end_date": "2026-03-01 12:00:02"}
    assert [each["id"] for each in expect_ok(harness.request("GET", "/indexed_policies", query_string=period))] == [id]
    assert (
        harness.request("GET", "/indexed_policies", query_string={**period, "end_date": "2026-03-01"}).status_code
        == 400
    )


# The first version


@pytest.mark.parametrize(("mode", "first"), [("test", "t"), ("live", "l")])
def test_a_policy_of_the_first_version_has_33_letters_and_lives_as_any_other(
    harness: Harness, mode: str, first: str
) -> None:
    own = {"key": key(harness, mode)}
    made = create_legacy_offer(harness, request_options=own)
    assert re.fullmatch(rf"{first}[0-9A-Za-z]{{32}}", made["id"])
    assert set(made) == {"id", "payment_token", "_links"}
    assert made["_links"]["_self"]["href"].endswith(f"/policies/{made['id']}")
    assert expect_ok(harness.request("GET", f"/offers/{made['id']}", **own))["insurer_policy_id"].startswith("TEST-")
    expect_ok(pay(harness, made, request_options=own), 201)
    harness.advance("2s")
    assert expect_ok(harness.request("GET", f"/policies/{made['id']}", **own))["status"] == "paid"
    assert create_legacy_offer(harness, request_options=own)["id"] != made["id"]


def test_accept_says_of_which_version_an_offer_is(harness: Harness) -> None:
    first, second = ({"Accept": f"application/vnd.kasko.v{nth}+json"} for nth in (1, 2))
    assert create_legacy_offer(harness, **second)["id"].startswith("tpol_")
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    for headers, is_old in (({}, False), (first, True), (second, False), (V3_HEADERS, False)):
        made = expect_ok(harness.request("POST", "/policies", json=body, headers=headers), 201)
        assert (not made["id"].startswith("tpol_"), "insurer_policy_id" not in made) == (is_old, is_old)


def test_a_quote_of_the_second_version_makes_an_offer_of_the_second(harness: Harness) -> None:
    quoted = create_legacy_quote(harness, Accept="application/vnd.kasko.v2+json")
    body = {"quote_token": quoted["token"], **PERSON}
    assert expect_ok(harness.request("POST", "/policies", json=body), 201)["id"].startswith("tpol_")


@pytest.mark.parametrize("left_out", ["touchpoint_id", "item_id", "subscription_plan_id"])
def test_a_quote_of_the_second_version_needs_a_place_a_product_and_a_plan(harness: Harness, left_out: str) -> None:
    old = PRODUCT.legacy
    assert old is not None
    query = old.model_dump(include={"touchpoint_id", "item_id", "subscription_plan_id"}) | {"data": dumps(DATA)}
    query.pop(left_out)
    headers = {"Accept": "application/vnd.kasko.v2+json"}
    refusal_message(harness, "GET", "/quotes", 404, query_string=query, headers=headers)


def test_an_old_quote_needs_data(harness: Harness) -> None:
    old = PRODUCT.legacy
    assert old is not None
    for data in ({}, {"data": "x"}, {"data": "[]"}):
        refusal_message(harness, "GET", "/quotes", 400, query_string={"variant_id": old.variant_id, **data})


@pytest.mark.parametrize("field", ["designation", "name", "mime_type", "file_size"])
def test_a_file_is_announced_with_all_its_fields(harness: Harness, field: str) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    announced.pop(field)
    assert field in refusal_message(harness, "POST", "/media", 400, json=announced)
