"""KASKO's older operations: version 1 and 2 quotes, leads, media, and policies by creation time."""

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


def test_version_1_quotes_have_a_signature_and_version_2_quotes_a_token(harness: Harness) -> None:
    legacy = PRODUCT.legacy
    assert legacy is not None
    data = {"data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    v2_query = {
        "touchpoint_id": legacy.touchpoint_id,
        "item_id": legacy.item_id,
        "subscription_plan_id": legacy.subscription_plan_id,
    }
    accept = {"Accept": "application/vnd.kasko.v2+json"}
    v2_quote = expect_ok(harness.request("GET", "/quotes", query_string={**v2_query, **data}, headers=accept))
    for product in (
        {"variant_id": legacy.variant_id},
        {"touchpoint_id": legacy.touchpoint_id, "item_id": legacy.item_id},
    ):
        v1_quote = expect_ok(harness.request("GET", "/quotes", query_string={**product, **data}))
        assert v1_quote["signature"]
        assert v1_quote["extra_data"] == v2_quote["extra_data"]
    offer = expect_ok(harness.request("POST", "/policies", json={"quote_token": v2_quote["token"], **PERSON}), 201)
    assert offer["payment_token"]


def test_a_lead_is_stored_as_it_was_sent(harness: Harness) -> None:
    lead = expect_ok(
        harness.request("POST", "/leads", json={"email": "a@firm.test", "phone": "1", "data": {"a": [1]}}), 201
    )
    assert expect_ok(harness.request("GET", f"/leads/{lead['id']}")) == lead
    assert (lead["phone"], lead["data"]) == ("1", {"a": [1]})
    assert harness.request("GET", f"/leads/{lead['id']}", key=key(harness, "live")).status_code == 404


def test_a_file_is_announced_uploaded_and_attached_to_a_policy(harness: Harness) -> None:
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


def test_policies_are_found_by_creation_time(harness: Harness) -> None:
    id = create_policy(harness)
    period = {"start_date": "2026-03-01 12:00:02", "end_date": "2026-03-01 12:00:02"}
    assert [each["id"] for each in expect_ok(harness.request("GET", "/indexed_policies", query_string=period))] == [id]
    assert (
        harness.request("GET", "/indexed_policies", query_string={**period, "end_date": "2026-03-01"}).status_code
        == 400
    )


# Version 1


@pytest.mark.parametrize(("mode", "first"), [("test", "t"), ("live", "l")])
def test_a_version_1_policy_has_an_id_of_33_characters_and_is_paid_like_any_other(
    harness: Harness, mode: str, first: str
) -> None:
    options = {"key": key(harness, mode)}
    offer = create_legacy_offer(harness, request_options=options)
    assert re.fullmatch(rf"{first}[0-9A-Za-z]{{32}}", offer["id"])
    assert set(offer) == {"id", "payment_token", "_links"}
    assert offer["_links"]["_self"]["href"].endswith(f"/policies/{offer['id']}")
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}", **options))["insurer_policy_id"].startswith(
        "TEST-"
    )
    expect_ok(pay(harness, offer, request_options=options), 201)
    harness.advance("2s")
    assert expect_ok(harness.request("GET", f"/policies/{offer['id']}", **options))["status"] == "paid"
    assert create_legacy_offer(harness, request_options=options)["id"] != offer["id"]


def test_the_accept_header_selects_the_version_of_an_offer(harness: Harness) -> None:
    v1, v2 = ({"Accept": f"application/vnd.kasko.v{nth}+json"} for nth in (1, 2))
    assert create_legacy_offer(harness, **v2)["id"].startswith("tpol_")
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    for headers, is_v1 in (({}, False), (v1, True), (v2, False), (V3_HEADERS, False)):
        offer = expect_ok(harness.request("POST", "/policies", json=body, headers=headers), 201)
        assert (not offer["id"].startswith("tpol_"), "insurer_policy_id" not in offer) == (is_v1, is_v1)


def test_a_version_2_quote_makes_a_version_2_offer(harness: Harness) -> None:
    quoted = create_legacy_quote(harness, Accept="application/vnd.kasko.v2+json")
    body = {"quote_token": quoted["token"], **PERSON}
    assert expect_ok(harness.request("POST", "/policies", json=body), 201)["id"].startswith("tpol_")


@pytest.mark.parametrize("left_out", ["touchpoint_id", "item_id", "subscription_plan_id"])
def test_a_version_2_quote_needs_touchpoint_item_and_plan(harness: Harness, left_out: str) -> None:
    legacy = PRODUCT.legacy
    assert legacy is not None
    query = legacy.model_dump(include={"touchpoint_id", "item_id", "subscription_plan_id"}) | {"data": dumps(DATA)}
    query.pop(left_out)
    headers = {"Accept": "application/vnd.kasko.v2+json"}
    refusal_message(harness, "GET", "/quotes", 404, query_string=query, headers=headers)


def test_a_version_1_quote_needs_data(harness: Harness) -> None:
    legacy = PRODUCT.legacy
    assert legacy is not None
    for data in ({}, {"data": "x"}, {"data": "[]"}):
        refusal_message(harness, "GET", "/quotes", 400, query_string={"variant_id": legacy.variant_id, **data})


@pytest.mark.parametrize("field", ["designation", "name", "mime_type", "file_size"])
def test_a_file_cannot_be_announced_without_all_its_fields(harness: Harness, field: str) -> None:
    announced = {"designation": "id", "name": "id.pdf", "mime_type": "application/pdf", "file_size": 4}
    announced.pop(field)
    assert field in refusal_message(harness, "POST", "/media", 400, json=announced)
