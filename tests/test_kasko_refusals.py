"""What KASKO refuses, and every point its documents leave open, each seen to make a difference."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from json import dumps
from typing import Any
from urllib.parse import urlencode

import pytest

from mockserver.engine import Assumptions, describe
from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from tests.test_kasko_contract import dataset
from tests.test_kasko_stories import (
    DATA,
    INVOICE,
    PERSON,
    PRODUCT_KEYS,
    V3,
    S,
    assume,
    card,
    events,
    key,
    offer,
    ok,
    pay,
    policy,
    quote,
    simulate,
)
from tests.worlds import World, make_world

CANCEL = {"status": "cancelled", "cancellation_reason": "sold"}
WHOLE = {"first_name": "Eva", "last_name": "Lang", "email": "eva@firm.test", "data": {}}


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def said(world: World, method: str, path: str, status: int, **asked: Any) -> str:
    answer = world.ask(method, path, **asked)
    assert answer.status_code == status, answer.text
    assert "X-Request-Id" in answer.headers
    return str(answer.json["message"])


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic", "Basic !!", "Basic /////w==", "Digest x", "Bearer sk_test_none",
     f"Basic {b64encode(b'sk_test_none:').decode()}"],
)  # fmt: skip
def test_a_header_that_shows_no_key_of_ours_is_401(world: World, header: str) -> None:
    said(world, "GET", "/offers/any", 401, key=None, headers={"Authorization": header})


def test_the_user_of_basic_has_no_password(world: World) -> None:
    header = {"Authorization": f"Basic {b64encode(f'{world.key()}:secret'.encode()).decode()}"}
    said(world, "GET", "/offers/any", 401, key=None, headers=header)


def test_the_key_is_looked_at_before_anything_else(world: World) -> None:
    for method, path in (("POST", "/quotes"), ("POST", "/policies"), ("PUT", "/policies/any")):
        said(world, method, path, 401, key=None, data=b"{")


@pytest.mark.parametrize("field", [*PRODUCT_KEYS, "data"])
@pytest.mark.parametrize("value", [None, "", 7, []])
def test_a_quotes_parameters_are_needed(world: World, field: str, value: Any) -> None:
    if (field, value) == ("data", []):
        assert ok(world.ask("POST", "/quotes", headers=V3, json={**PRODUCT_KEYS, "data": []}), 400)["errors"]
        return
    body = {**PRODUCT_KEYS, "data": DATA, field: value}
    answer = world.ask("POST", "/quotes", headers=V3, json=body)
    assert answer.status_code == 400
    assert list(answer.json) == ["status", "message"]
    assert answer.json["status"] == "Bad Request"


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/vnd.kasko.v2+json", "application/vnd.kasko.v3"]
)
def test_a_quote_needs_the_third_version(world: World, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    body = {**PRODUCT_KEYS, "data": DATA}
    said(world, "POST", "/quotes", 400, headers=headers, json=body)
    both = {"Accept": "text/html, application/vnd.kasko.v3+json;q=0.9"}
    assert world.ask("POST", "/quotes", headers=both, json=body).status_code == 200


@pytest.mark.parametrize(
    "data",
    [{"yearly_turnover": 5_000_000_001}, {"company_backup": "never", "insured_sum": 50_000_000}],
)
def test_some_risks_are_knocked_out(world: World, data: dict[str, Any]) -> None:
    answer = quote(world, data=data)
    assert (answer.status_code, answer.json) == (
        400,
        {"status": "Bad Request", "message": "The quote ended in a knock-out."},
    )


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"item_id": "ins_no"}, 404),
        ({"product_version_id": "prv_no"}, 404),
        ({"integration_version_id": "inv_no"}, 404),
        ({"live_product": "maybe"}, 400),
        ({"live_integration": ""}, 400),
        ({"data": {"policy_start_date": "9999-12-31"}}, 400),
        ({"data": {"employee_number": 10**15}}, 400),
        ({"data": {"anything": "dai_no"}}, 400),
    ],
)
def test_what_a_quote_cannot_be_made_of_is_refused(world: World, asked: dict[str, Any], status: int) -> None:
    assert quote(world, **asked).status_code == status


def test_all_wrong_fields_are_named_together(world: World) -> None:
    answer = ok(quote(world, data={"deductible": 7, "encryption": "x", "insured_sum": None}), 400)
    assert {each["field"] for each in answer["errors"]} == {"deductible", "encryption", "insured_sum"}


BENT: dict[str, Callable[[str], str]] = {
    "nothing": lambda token: "",
    "short": lambda token: "x",
    "cut": lambda token: token[:-4],
    "longer": lambda token: f"A{token}",
    "one letter": lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
    "not base64": lambda token: f"é{token}",
}


@pytest.mark.parametrize("bend", [pytest.param(bend, id=name) for name, bend in BENT.items()])
def test_a_changed_quote_token_is_worth_nothing(world: World, bend: Callable[[str], str]) -> None:
    token = bend(ok(quote(world))["token"])
    assert (
        said(world, "POST", "/policies", 400, json={"quote_token": token, **PERSON}) == "The quote token is not valid."
    )


def test_a_quote_token_is_good_in_its_own_mode_and_account_only(world: World) -> None:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    said(world, "POST", "/policies", 400, json=body, key=key(world, "live"))
    assert world.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "1"}).status_code == 201
    said(world, "POST", "/policies", 400, json=body, sandbox="other")


@pytest.mark.parametrize("field", ["quote_token", "first_name", "last_name", "email", "language"])
def test_an_offer_needs_its_fields(world: World, field: str) -> None:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    body.pop(field)
    assert field in said(world, "POST", "/policies", 400, json=body)


@pytest.mark.parametrize(
    "changed", [{"email": "mia"}, {"email": "@x"}, {"language": "eng"}, {"language": "E1"}, {"data": 7}]
)
def test_an_offers_fields_are_checked(world: World, changed: dict[str, Any]) -> None:
    body = {"quote_token": ok(quote(world))["token"], **PERSON, **changed}
    said(world, "POST", "/policies", 400, json=body)


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"token": "x"}, 400),
        ({"policy_id": "tpol_no"}, 404),
        ({"method": "cash"}, 400),
        ({"provider": "zurich_invoice"}, 400),
        ({"method": "creditcard", "provider": "stripe"}, 400),
        ({"method": "creditcard", "provider": "stripe", "card": {}}, 400),
    ],
)
def test_a_payment_that_does_not_fit_its_offer_is_refused(world: World, how: dict[str, Any], status: int) -> None:
    made = offer(world)
    assert pay(world, made, **how).status_code == status
    assert ok(world.ask("GET", f"/offers/{made['id']}"))["status"] == "ready"


def test_an_offer_is_paid_once(world: World) -> None:
    made = offer(world)
    ok(pay(world, made), 201)
    assert ok(pay(world, made), 409)["status"] == "Conflict"
    world.advance("2s")
    assert pay(world, made).status_code == 409
    assert len(events(world)) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"first_name": "Eva"}, {**WHOLE, "email": None}, {**WHOLE, "email": "x"}, {**WHOLE, "quote_token": "x"},
     {"status": "paid"}, {"status": "cancelled"}, {**CANCEL, "cancellation_reason": ""},
     {**CANCEL, "termination_date": "1.5.2026"}, {**CANCEL, "termination_date": "2026-02-30"}],
)  # fmt: skip
def test_a_policy_is_replaced_whole_or_cancelled_for_a_reason(world: World, body: dict[str, Any]) -> None:
    path = f"/policies/{policy(world)}"
    before = ok(world.ask("GET", path))
    said(world, "PUT", path, 400, json=body)
    assert ok(world.ask("GET", path)) == before


def test_an_offer_that_is_not_paid_is_no_policy(world: World) -> None:
    path = f"/policies/{offer(world)['id']}"
    for method, body in (("GET", None), ("PATCH", {}), ("PUT", CANCEL)):
        assert said(world, method, path, 404, json=body) == "Policy not found."
    said(world, "POST", f"{path}/reactivate", 404)


@pytest.mark.parametrize("value", ["x", "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT", "0"])
def test_a_date_that_is_none_is_no_precondition(world: World, value: str) -> None:
    path = f"/policies/{policy(world)}"
    assert world.ask("PATCH", path, json={}, headers={"If-Unmodified-Since": value}).status_code == 200
    assert world.ask("PATCH", path, json={}, headers={"If-Match": value}).status_code == 412


@pytest.mark.parametrize(
    ("name", "parameters", "status"),
    [
        ("approve_offer", {"offer_id": "no"}, 404),
        ("refuse_offer", {"offer_id": "no"}, 404),
        ("insurer_cancels", {"policy_id": "no"}, 404),
        ("rotate_key", {"key": "no"}, 404),
        ("issue_policy", {"policy_id": "no"}, 422),
        ("make_key", {"mode": "both"}, 422),
        ("expire_tokens", {"kind": "all", "more": 1}, 422),
    ],
)
def test_what_cannot_happen_off_stage_is_refused(
    world: World, name: str, parameters: dict[str, Any], status: int
) -> None:
    assert simulate(world, name, **parameters).status_code == status


def test_what_is_refused_keeps_nothing(world: World) -> None:
    before = world.engine.export("kasko")["collections"]
    quote(world, data={"deductible": 7})
    pay(world, {"id": "tpol_no"})
    world.ask("POST", "/policies", json=PERSON)
    after = world.engine.export("kasko")["collections"]
    assert {**after, "_sandbox": 0} == {**before, "_sandbox": 0}


# Assumptions: what a world says by default, and what it says when another thing is assumed


def code(method: str, path: str, **asked: Any) -> Callable[[World], Any]:
    return lambda world: world.ask(method, path, **asked).status_code


def a_public_key(world: World) -> Any:
    return world.ask("GET", "/offers/any", key=key(world, "public_test")).status_code


def two_keys(world: World) -> Any:
    return quote(world, key=world.key(), sandbox="kasko").status_code, world.ask(
        "GET", f"/offers/any?key={key(world, 'public_live')}"
    ).status_code


def key_in_the_body(world: World) -> Any:
    public = {"key": key(world, "public_test")}
    made = offer(world)
    quoted = world.ask("POST", "/quotes", key=None, headers=V3, json={**PRODUCT_KEYS, "data": DATA, **public})
    body = {"token": made["payment_token"], "policy_id": made["id"], **INVOICE, **public}
    return quoted.status_code, world.ask("POST", "/payments", key=None, json=body).status_code


def other_header(world: World) -> Any:
    headers = {"Authentication": f"Bearer {world.key()}"}
    paths = ("/offers/any", f"/datasets/{locked(world)}")
    return [world.ask("GET", path, key=None, headers=headers).status_code for path in paths]


def locked(world: World) -> str:
    return str(world.engine.export("kasko")["collections"]["datasets"][1]["id"])


def offered(world: World, **fields: Any) -> Any:
    return world.ask("POST", "/policies", json={"quote_token": ok(quote(world))["token"], **PERSON, **fields})


def twice_from_one_quote(world: World) -> Any:
    body = {"quote_token": ok(quote(world))["token"], **PERSON}
    return [world.ask("POST", "/policies", json=body).status_code for _ in range(2)]


def after_an_hour(world: World) -> Any:
    token, made = ok(quote(world))["token"], offer(world)
    world.advance("1h")
    answer = world.ask("POST", "/policies", json={"quote_token": token, **PERSON})
    return answer.status_code, pay(world, made).status_code


def refused_offer(world: World) -> Any:
    made = offer(world, data={"insured_sum": 100_000_000})
    return ok(simulate(world, "refuse_offer", offer_id=made["id"]))["status"]


def declined(world: World) -> Any:
    answer = pay(world, offer(world), **card("4000000000000002"))
    return answer.status_code, answer.json["status"]


def card_in_metadata(world: World) -> Any:
    how = {"method": "creditcard", "provider": "stripe", "metadata": {"card": {"number": "4242424242424242"}, "a": "b"}}
    answer = pay(world, offer(world), **how)
    return answer.status_code, answer.json.get("metadata")


def paid_with_a_public_key(world: World) -> Any:
    made, public = offer(world), {"key": key(world, "public_test")}
    return "token" in ok(pay(world, made, asked=public), 201)


def a_second_later(world: World) -> Any:
    made = offer(world)
    ok(pay(world, made), 201)
    world.advance("1s")
    answer = world.ask("GET", f"/policies/{made['id']}")
    return answer.status_code, answer.json["status"]


def replaced(world: World, **headers: str) -> Any:
    return world.ask("PUT", f"/policies/{policy(world)}", json=WHOLE, headers=headers).status_code


def changed_when_cancelled(world: World) -> Any:
    path = f"/policies/{policy(world)}"
    ok(world.ask("PUT", path, json=CANCEL))
    return world.ask("PATCH", path, json={}).status_code, len(events(world))


def listed(world: World, **query: Any) -> Any:
    asked = {"language": "en", "fields": '["name"]', **query}
    answer = world.ask("GET", f"/datasets/{dataset(world)}/dataset_items", query_string=asked)
    return answer.status_code, len(answer.json)


def error(world: World, **data: Any) -> Any:
    return ok(quote(world, data=data), 400)["errors"]


def quoted_as(accept: str) -> Callable[[World], Any]:
    body = {**PRODUCT_KEYS, "data": DATA}
    return code("POST", "/quotes", headers={"Accept": accept}, json=body)


OPEN: dict[str, tuple[Any, Callable[[World], Any], Any, Any]] = {
    "unauthorized_message": (
        "No.", lambda world: world.ask("GET", "/offers/a", key=None).json["message"],
        "No valid API key provided.", "No.",
    ),
    "forbidden": ("404", a_public_key, 403, 404),
    "two_keys": ("refused", two_keys, (200, 404), (200, 401)),
    "body_key": ("ignored", key_in_the_body, (200, 201), (401, 401)),
    "authentication_header": ("everywhere", other_header, [401, 200], [404, 200]),
    "locked_dataset": (
        "401", lambda world: world.ask("GET", f"/datasets/{locked(world)}", key=None).status_code, 404, 401
    ),
    "quote_without_v3": ("406", quoted_as("*/*"), 400, 406),
    "other_accept": (
        "refused", code("GET", "/policies/a", headers={"Accept": "application/vnd.kasko.v9+json"}), 404, 400
    ),
    "request_ids": ("hex", lambda world: len(world.ask("GET", "/offers/a").headers["X-Request-Id"]), 36, 32),
    "quote_status": ("201", lambda world: quote(world).status_code, 200, 201),
    "offer_status": ("200", lambda world: offered(world).status_code, 201, 200),
    "payment_status": ("200", lambda world: pay(world, offer(world)).status_code, 201, 200),
    "rule_types": (
        "strict", lambda world: quote(world, data={"deductible": "500000", "encryption": 1}).status_code, 200, 400
    ),
    "missing_code": (
        "missing_value", lambda world: error(world, deductible=None)[0]["code"], "invalid_value", "missing_value"
    ),
    "error_fields": ("dotted", lambda world: error(world, deductible=7)[0]["field"], "deductible", "data.deductible"),
    "knockout": ("422", lambda world: quote(world, data={"yearly_turnover": 9_000_000_000}).status_code, 400, 422),
    "quote_lifetime": ("1h", after_an_hour, (201, 201), (400, 201)),
    "quote_reuse": ("refused", twice_from_one_quote, [201, 201], [201, 409]),
    "language_required": (False, lambda world: offered(world, language=None).status_code, 400, 201),
    "email_check": ("none", lambda world: offered(world, email="mia").status_code, 400, 201),
    "refused_offer": ("declined", refused_offer, "rejected", "declined"),
    "payment_token_lifetime": ("1h", after_an_hour, (201, 201), (201, 400)),
    "second_payment": (
        "400", lambda world: [pay(world, made).status_code for made in [offer(world)] * 2], [201, 409], [201, 400]
    ),
    "declined_payment": ("refused", declined, (201, "failed"), (400, "Bad Request")),
    "card_field": ("metadata", card_in_metadata, (400, None), (201, {"a": "b"})),
    "public_payment_view": ("reduced", paid_with_a_public_key, True, False),
    "policy_delay": ("1s", a_second_later, (404, "Not Found"), (200, "paid")),
    "unissued_policy": ("pending", a_second_later, (404, "Not Found"), (200, "pending")),
    "preconditions": ("required", replaced, 200, 428),
    "stale_status": ("409", lambda world: replaced(world, **{"If-Match": '"x"'}), 412, 409),
    "cancelled_change": ("400", changed_when_cancelled, (409, 2), (400, 2)),
    "cancellation_event": (False, changed_when_cancelled, (409, 2), (409, 1)),
    "limit_required": (True, listed, (200, 4), (400, 2)),
    "unknown_dataset_field": ("ignored", lambda world: listed(world, fields='["margin","name"]'), (400, 2), (200, 4)),
    "like_case": (
        "exact", lambda world: listed(world, query='[{"field":"name","search":"B%"},{"field":"name","search":"bAK%"}]'),
        (200, 1), (200, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPEN))
def test_an_assumption_makes_the_difference_it_speaks_of(name: str) -> None:
    value, look, by_default, otherwise = OPEN[name]
    world = make_world(PROVIDER)
    assert look(world) == by_default
    world = make_world(PROVIDER)
    assume(world, **{name: value})
    assert look(world) == otherwise


def test_every_point_of_kaskos_own_is_tried_here() -> None:
    assert set(OPEN) == set(KaskoAssumptions.model_fields) - set(Assumptions.model_fields)
    assert all(each["sentence"] and each["evidence"] for each in describe(KaskoAssumptions))


def test_an_assumption_that_cannot_be_is_refused(world: World) -> None:
    answer = world.admin("PATCH", S, {"assumptions": {"knockout": "418"}})
    assert answer.status_code == 422


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
