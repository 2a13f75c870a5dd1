"""KASKO's keys: how they are sent, form bodies, modes, and the simulations for keys and tokens."""

from __future__ import annotations

from json import dumps
from typing import Any
from urllib.parse import urlencode

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    CANCEL,
    DATA,
    FULL_LEAD,
    INVOICE,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    SANDBOX_PATH,
    V3_HEADERS,
    basic_auth,
    create_offer,
    create_policy,
    dataset_id,
    events,
    expect_ok,
    key,
    pay,
    refusal_message,
    request_quote,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


# How a key is sent


def test_a_secret_key_is_sent_as_basic_user_or_as_bearer_token(harness: Harness) -> None:
    offer = create_offer(harness)
    for headers in (basic_auth(harness.key()), {"Authorization": f"Bearer {harness.key()}"}):
        assert harness.request("GET", f"/offers/{offer['id']}", key=None, headers=headers).status_code == 200


def test_a_public_key_in_the_query_can_request_quotes_and_payments(harness: Harness) -> None:
    public: dict[str, Any] = {"key": None, "query_string": {"key": key(harness, "public_test")}}
    quoted = harness.request("POST", "/quotes", headers=V3_HEADERS, json={**PRODUCT_KEYS, "data": DATA}, **public)
    offer = expect_ok(
        harness.request("POST", "/policies", json={"quote_token": expect_ok(quoted)["token"], **PERSON}), 201
    )
    expect_ok(pay(harness, offer, request_options=public), 201)


def test_bodies_may_be_form_encoded(harness: Harness) -> None:
    form: dict[str, Any] = {"headers": {**V3_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}}
    whole = urlencode(
        {**PRODUCT_KEYS, "data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    )
    nested = urlencode({**PRODUCT_KEYS, **{f"data[{name}]": str(value).lower() for name, value in DATA.items()}})
    one, two = (expect_ok(harness.request("POST", "/quotes", data=body, **form)) for body in (whole, nested))
    assert one["extra_data"] == two["extra_data"]
    offer = expect_ok(
        harness.request("POST", "/policies", data=urlencode({"quote_token": one["token"], **PERSON}), **form), 201
    )
    body = urlencode({"token": offer["payment_token"], "policy_id": offer["id"], **INVOICE})
    expect_ok(harness.request("POST", "/payments", data=body, **form), 201)


def test_test_and_live_modes_share_no_records(harness: Harness) -> None:
    live = {"key": key(harness, "live")}
    live_policy, test_policy = create_policy(harness, request_options=live), create_policy(harness)
    assert live_policy.startswith("lpol_")
    assert test_policy.startswith("tpol_")
    for id, own_key in ((test_policy, {}), (live_policy, live)):
        other_key = {} if own_key else live
        assert harness.request("GET", f"/policies/{id}", **own_key).status_code == 200
        refused = harness.request("GET", f"/policies/{id}", **other_key)
        assert (refused.status_code, refused.json) == (404, {"status": "Not Found", "message": "Policy not found."})
    assert [event["data"]["livemode"] for event in events(harness)] == [True, False]


def test_a_policy_of_another_account_is_not_found(harness: Harness) -> None:
    policy = create_policy(harness)
    assert harness.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "2"}).status_code == 201
    assert harness.request("GET", f"/policies/{policy}", sandbox="other").status_code == 404


def test_a_product_version_may_be_pinned_or_the_unpublished_one_requested(harness: Harness) -> None:
    versions = PRODUCT.product_versions
    for options, expected in [
        ({}, versions.published),
        ({"live_product": "false"}, versions.unpublished),
        ({"live_product": "true"}, versions.published),
        ({"product_version_id": versions.unpublished}, versions.unpublished),
    ]:
        token = expect_ok(request_quote(harness, **options))["token"]
        offer = expect_ok(harness.request("POST", "/policies", json={"quote_token": token, **PERSON}), 201)
        assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["product_version_id"] == expected


def test_a_rotated_key_keeps_kind_and_mode(harness: Harness) -> None:
    old = key(harness, "live")
    new = expect_ok(simulate(harness, "rotate_key", key=old))["secret"]
    assert new.startswith("sk_live_")
    assert harness.request("GET", "/offers/none", key=old).status_code == 401
    assert harness.request("GET", "/offers/none", key=new).status_code == 404


def test_a_simulation_creates_keys_of_every_kind_and_mode(harness: Harness) -> None:
    for mode in ("test", "live"):
        for kind, prefix in (("secret", "sk"), ("public", "pk")):
            created = expect_ok(simulate(harness, "make_key", mode=mode, kind=kind, expires_in="1h"))
            assert created["secret"].startswith(f"{prefix}_{mode}_")
            assert request_quote(harness, key=created["secret"]).status_code == 200
    harness.advance("1h")
    assert request_quote(harness, key=created["secret"]).status_code == 401


def test_a_simulation_expires_all_tokens(harness: Harness) -> None:
    offer, token = create_offer(harness), expect_ok(request_quote(harness))["token"]
    expect_ok(simulate(harness, "expire_tokens"))
    assert pay(harness, offer).status_code == 400
    assert harness.request("POST", "/policies", json={"quote_token": token, **PERSON}).status_code == 400
    harness.advance("1s")
    expect_ok(pay(harness, create_offer(harness)), 201)


# A key in the body


@pytest.mark.parametrize("data", [b"{", b"[]", b'"key"', b'{"key": 7}', b'{"key": null}', b"\xff", b'{"key": "pk_no"}'])
def test_a_body_without_a_readable_key_is_refused_with_401(harness: Harness, data: bytes) -> None:
    refusal_message(harness, "POST", "/quotes", 401, key=None, headers=V3_HEADERS, data=data)
    refusal_message(harness, "POST", "/payments", 401, key=None, data=data)


def test_a_key_in_a_form_body_is_accepted_like_one_in_json(harness: Harness) -> None:
    form = {**V3_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**PRODUCT_KEYS, "data": dumps(DATA), "key": key(harness, "public_test")})
    assert harness.request("POST", "/quotes", key=None, headers=form, data=body).status_code == 200
    refusal_message(harness, "POST", "/quotes", 401, key=None, headers=form, data=b"key=%ff")


def test_a_key_in_the_body_selects_its_account(harness: Harness) -> None:
    assert harness.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "2"}).status_code == 201
    data = {**DATA, "policy_start_date": "2999-01-01"}  # The other account uses the wall clock.
    body = {**PRODUCT_KEYS, "data": data, "key": key(harness, "public_test", "other")}
    quoted = harness.request("POST", "/quotes", key=None, headers=V3_HEADERS, json=body)
    fields = {"quote_token": expect_ok(quoted)["token"], **PERSON}
    assert harness.request("POST", "/policies", sandbox="other", json=fields).status_code == 201
    refusal_message(harness, "POST", "/policies", 400, json=fields)


def test_only_quotes_and_payments_accept_a_key_in_the_body_and_only_a_public_one(harness: Harness) -> None:
    body = {**PRODUCT_KEYS, "data": DATA, "key": harness.key()}
    refusal_message(harness, "POST", "/quotes", 401, key=None, headers=V3_HEADERS, json=body)
    public = {"key": key(harness, "public_test")}
    refusal_message(harness, "POST", "/policies", 401, key=None, json=public)
    assert harness.request("GET", "/datasets/no", key=None, json=public).status_code == 404
    refusal_message(harness, "POST", "/quotes?key=pk_no", 401, key=None, headers=V3_HEADERS, json={**body, **public})
    refusal_message(harness, "POST", "/quotes", 401, key="sk_no", headers=V3_HEADERS, json={**body, **public})


# Every call


def test_a_new_account_has_a_secret_and_a_public_key_for_each_mode(harness: Harness) -> None:
    prefixes = [each.secret.rpartition("_")[0] for each in harness.sandbox.keys.values()]
    assert sorted(prefixes) == ["pk_live", "pk_test", "sk_live", "sk_test"]


def test_a_key_does_not_expire(harness: Harness) -> None:
    harness.advance("3650d")
    for mode in ("test", "live"):
        assert harness.request("GET", "/offers/none", key=key(harness, mode)).status_code == 404


def test_every_response_has_its_own_request_id(harness: Harness) -> None:
    requests = (
        ("GET", "/offers/none", harness.key()),
        ("GET", "/nothing", None),
        ("GET", f"/datasets/{dataset_id(harness)}", None),
    )
    ids = [harness.request(method, path, key=api_key).headers["X-Request-Id"] for method, path, api_key in requests * 3]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("nth", [2, 3])
def test_every_policy_operation_accepts_version_2_and_3(harness: Harness, nth: int) -> None:
    accept: dict[str, Any] = {"headers": {"Accept": f"application/vnd.kasko.v{nth}+json"}}
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    offer = expect_ok(harness.request("POST", "/policies", json=body, **accept), 201)
    assert (
        expect_ok(harness.request("GET", f"/offers/{offer['id']}", **accept))["insurer_policy_id"]
        == offer["insurer_policy_id"]
    )
    expect_ok(pay(harness, offer), 201)
    harness.advance("2s")
    path = f"/policies/{offer['id']}"
    for method, payload in (("GET", None), ("PATCH", {}), ("PUT", FULL_LEAD), ("PUT", CANCEL)):
        assert expect_ok(harness.request(method, path, json=payload, **accept))["id"] == offer["id"]
    assert expect_ok(harness.request("POST", f"{path}/reactivate", **accept))["status"] == "paid"


def test_a_payment_may_carry_a_secret_and_a_public_key_together(harness: Harness) -> None:
    offer = create_offer(harness)
    body = {"token": offer["payment_token"], "policy_id": offer["id"], **INVOICE}
    expect_ok(harness.request("POST", "/payments", json=body, query_string={"key": key(harness, "public_test")}), 201)


def test_there_is_no_rate_limit_and_no_rate_limit_header(harness: Harness) -> None:
    responses = [harness.request("GET", "/offers/none") for _ in range(200)]
    assert {response.status_code for response in responses} == {404}
    assert not [name for name, _ in responses[-1].headers if "limit" in name.lower() or name == "Retry-After"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/policies", 405), ("GET", "/payments", 405), ("GET", "/offers", 404), ("DELETE", "/policies/any", 405)],
)
def test_there_are_no_lists_of_policies_and_nothing_is_deleted(
    harness: Harness, method: str, path: str, status: int
) -> None:
    phrase = {404: "Not Found", 405: "Method Not Allowed"}[status]
    assert expect_ok(harness.request(method, path), status)["status"] == phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable"), (504, "Gateway Timeout")],
)
def test_a_server_error_has_the_vendors_body(harness: Harness, status: int, phrase: str) -> None:
    rule = {"fault": {"kind": "status", "status": status}}
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", rule).status_code == 201
    response = harness.request("GET", "/offers/any")
    assert (response.status_code, response.json["status"]) == (status, phrase)
    assert "X-Request-Id" in response.headers
