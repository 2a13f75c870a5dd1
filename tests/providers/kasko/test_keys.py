"""The ways into a KASKO account: keys, forms, modes, and what support does about keys and tokens."""

from __future__ import annotations

from json import dumps
from typing import Any
from urllib.parse import urlencode

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.kasko_sales import (
    CANCEL,
    DATA,
    INVOICE,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    V3,
    WHOLE,
    S,
    basic,
    dataset,
    events,
    key,
    offer,
    ok,
    pay,
    policy,
    quote,
    said,
    simulate,
)
from tests.support.worlds import World, make_world


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


# Ways in


def test_a_secret_key_may_be_the_user_of_basic_or_a_bearer(world: World) -> None:
    made = offer(world)
    for headers in (basic(world.key()), {"Authorization": f"Bearer {world.key()}"}):
        assert world.ask("GET", f"/offers/{made['id']}", key=None, headers=headers).status_code == 200


def test_a_public_key_in_the_query_quotes_and_pays(world: World) -> None:
    public: dict[str, Any] = {"key": None, "query_string": {"key": key(world, "public_test")}}
    quoted = world.ask("POST", "/quotes", headers=V3, json={**PRODUCT_KEYS, "data": DATA}, **public)
    made = ok(world.ask("POST", "/policies", json={"quote_token": ok(quoted)["token"], **PERSON}), 201)
    ok(pay(world, made, asked=public), 201)


def test_everything_may_be_sent_as_a_form(world: World) -> None:
    form: dict[str, Any] = {"headers": {**V3, "Content-Type": "application/x-www-form-urlencoded"}}
    whole = urlencode(
        {**PRODUCT_KEYS, "data": str(DATA).replace("'", '"').replace("True", "true").replace("False", "false")}
    )
    nested = urlencode({**PRODUCT_KEYS, **{f"data[{name}]": str(value).lower() for name, value in DATA.items()}})
    one, two = (ok(world.ask("POST", "/quotes", data=body, **form)) for body in (whole, nested))
    assert one["extra_data"] == two["extra_data"]
    made = ok(world.ask("POST", "/policies", data=urlencode({"quote_token": one["token"], **PERSON}), **form), 201)
    body = urlencode({"token": made["payment_token"], "policy_id": made["id"], **INVOICE})
    ok(world.ask("POST", "/payments", data=body, **form), 201)


def test_test_and_live_are_two_worlds_in_one_account(world: World) -> None:
    live = {"key": key(world, "live")}
    there, here = policy(world, asked=live), policy(world)
    assert there.startswith("lpol_")
    assert here.startswith("tpol_")
    for id, own in ((here, {}), (there, live)):
        other = {} if own else live
        assert world.ask("GET", f"/policies/{id}", **own).status_code == 200
        refused = world.ask("GET", f"/policies/{id}", **other)
        assert (refused.status_code, refused.json) == (404, {"status": "Not Found", "message": "Policy not found."})
    assert [event["data"]["livemode"] for event in events(world)] == [True, False]


def test_a_strangers_policy_is_not_there(world: World) -> None:
    mine = policy(world)
    assert world.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "2"}).status_code == 201
    assert world.ask("GET", f"/policies/{mine}", sandbox="other").status_code == 404


def test_another_version_may_be_pinned_or_the_unpublished_one_asked_for(world: World) -> None:
    there = PRODUCT.product_versions
    for asked, expected in [
        ({}, there.published),
        ({"live_product": "false"}, there.unpublished),
        ({"live_product": "true"}, there.published),
        ({"product_version_id": there.unpublished}, there.unpublished),
    ]:
        token = ok(quote(world, **asked))["token"]
        made = ok(world.ask("POST", "/policies", json={"quote_token": token, **PERSON}), 201)
        assert ok(world.ask("GET", f"/offers/{made['id']}"))["product_version_id"] == expected


def test_a_lost_key_is_replaced_by_one_of_its_kind(world: World) -> None:
    old = key(world, "live")
    new = ok(simulate(world, "rotate_key", key=old))["secret"]
    assert new.startswith("sk_live_")
    assert world.ask("GET", "/offers/none", key=old).status_code == 401
    assert world.ask("GET", "/offers/none", key=new).status_code == 404


def test_support_makes_keys_of_every_kind(world: World) -> None:
    for mode in ("test", "live"):
        for kind, prefix in (("secret", "sk"), ("public", "pk")):
            made = ok(simulate(world, "make_key", mode=mode, kind=kind, expires_in="1h"))
            assert made["secret"].startswith(f"{prefix}_{mode}_")
            assert quote(world, key=made["secret"]).status_code == 200
    world.advance("1h")
    assert quote(world, key=made["secret"]).status_code == 401


def test_tokens_expire_when_told_to(world: World) -> None:
    made, token = offer(world), ok(quote(world))["token"]
    ok(simulate(world, "expire_tokens"))
    assert pay(world, made).status_code == 400
    assert world.ask("POST", "/policies", json={"quote_token": token, **PERSON}).status_code == 400
    world.advance("1s")
    ok(pay(world, offer(world)), 201)


# A key in the body


@pytest.mark.parametrize("data", [b"{", b"[]", b'"key"', b'{"key": 7}', b'{"key": null}', b"\xff", b'{"key": "pk_no"}'])
def test_a_body_without_a_key_that_can_be_read_is_401(world: World, data: bytes) -> None:
    said(world, "POST", "/quotes", 401, key=None, headers=V3, data=data)
    said(world, "POST", "/payments", 401, key=None, data=data)


def test_a_key_in_a_form_counts_as_one_in_json_does(world: World) -> None:
    form = {**V3, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**PRODUCT_KEYS, "data": dumps(DATA), "key": key(world, "public_test")})
    assert world.ask("POST", "/quotes", key=None, headers=form, data=body).status_code == 200
    said(world, "POST", "/quotes", 401, key=None, headers=form, data=b"key=%ff")


def test_a_key_in_the_body_opens_its_own_account(world: World) -> None:
    assert world.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "2"}).status_code == 201
    data = {**DATA, "policy_start_date": "2999-01-01"}  # The other account's clock is the machine's.
    body = {**PRODUCT_KEYS, "data": data, "key": key(world, "public_test", "other")}
    quoted = world.ask("POST", "/quotes", key=None, headers=V3, json=body)
    fields = {"quote_token": ok(quoted)["token"], **PERSON}
    assert world.ask("POST", "/policies", sandbox="other", json=fields).status_code == 201
    said(world, "POST", "/policies", 400, json=fields)


def test_only_a_public_key_and_only_for_quotes_and_payments_stands_in_a_body(world: World) -> None:
    body = {**PRODUCT_KEYS, "data": DATA, "key": world.key()}
    said(world, "POST", "/quotes", 401, key=None, headers=V3, json=body)
    public = {"key": key(world, "public_test")}
    said(world, "POST", "/policies", 401, key=None, json=public)
    assert world.ask("GET", "/datasets/no", key=None, json=public).status_code == 404
    said(world, "POST", "/quotes?key=pk_no", 401, key=None, headers=V3, json={**body, **public})
    said(world, "POST", "/quotes", 401, key="sk_no", headers=V3, json={**body, **public})


# What every call may rely on


def test_an_account_begins_with_a_secret_and_a_public_key_for_each_mode(world: World) -> None:
    begun = [each.secret.rpartition("_")[0] for each in world.sandbox.keys.values()]
    assert sorted(begun) == ["pk_live", "pk_test", "sk_live", "sk_test"]


def test_a_key_does_not_grow_old(world: World) -> None:
    world.advance("3650d")
    for mode in ("test", "live"):
        assert world.ask("GET", "/offers/none", key=key(world, mode)).status_code == 404


def test_no_two_answers_share_a_request_id(world: World) -> None:
    asked = (
        ("GET", "/offers/none", world.key()),
        ("GET", "/nothing", None),
        ("GET", f"/datasets/{dataset(world)}", None),
    )
    ids = [world.ask(method, path, key=shown).headers["X-Request-Id"] for method, path, shown in asked * 3]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("nth", [2, 3])
def test_every_call_about_a_policy_may_ask_for_the_second_or_the_third_version(world: World, nth: int) -> None:
    accept: dict[str, Any] = {"headers": {"Accept": f"application/vnd.kasko.v{nth}+json"}}
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    made = ok(world.ask("POST", "/policies", json=body, **accept), 201)
    assert ok(world.ask("GET", f"/offers/{made['id']}", **accept))["insurer_policy_id"] == made["insurer_policy_id"]
    ok(pay(world, made), 201)
    world.advance("2s")
    path = f"/policies/{made['id']}"
    for method, sent in (("GET", None), ("PATCH", {}), ("PUT", WHOLE), ("PUT", CANCEL)):
        assert ok(world.ask(method, path, json=sent, **accept))["id"] == made["id"]
    assert ok(world.ask("POST", f"{path}/reactivate", **accept))["status"] == "paid"


def test_a_payment_may_show_a_secret_and_a_public_key_together(world: World) -> None:
    made = offer(world)
    body = {"token": made["payment_token"], "policy_id": made["id"], **INVOICE}
    ok(world.ask("POST", "/payments", json=body, query_string={"key": key(world, "public_test")}), 201)


def test_nothing_is_limited_and_no_limit_is_told_of(world: World) -> None:
    answers = [world.ask("GET", "/offers/none") for _ in range(200)]
    assert {answer.status_code for answer in answers} == {404}
    assert not [name for name, _ in answers[-1].headers if "limit" in name.lower() or name == "Retry-After"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/policies", 405), ("GET", "/payments", 405), ("GET", "/offers", 404), ("DELETE", "/policies/any", 405)],
)
def test_there_are_no_lists_of_policies_and_nothing_is_deleted(
    world: World, method: str, path: str, status: int
) -> None:
    phrase = {404: "Not Found", 405: "Method Not Allowed"}[status]
    assert ok(world.ask(method, path), status)["status"] == phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable"), (504, "Gateway Timeout")],
)
def test_a_failure_of_theirs_is_said_in_their_words(world: World, status: int, phrase: str) -> None:
    rule = {"fault": {"kind": "status", "status": status}}
    assert world.admin("POST", f"{S}/faults", rule).status_code == 201
    answer = world.ask("GET", "/offers/any")
    assert (answer.status_code, answer.json["status"]) == (status, phrase)
    assert "X-Request-Id" in answer.headers
