"""What KASKO's documents leave open from the key to the payment: each point is seen to make a difference."""

from __future__ import annotations

from collections.abc import Callable
from json import dumps
from typing import Any

import pytest

from mockserver.engine import Assumptions, describe
from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    DATA,
    INVOICE,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    SANDBOX_PATH,
    V3_HEADERS,
    card,
    create_legacy_offer,
    create_offer,
    dataset_id,
    expect_ok,
    key,
    pay,
    request_quote,
    set_assumptions,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def request_status(method: str, path: str, **asked: Any) -> Callable[[Harness], Any]:
    return lambda harness: harness.request(method, path, **asked).status_code


def a_public_key(harness: Harness) -> Any:
    return harness.request("GET", "/offers/any", key=key(harness, "public_test")).status_code


def two_keys(harness: Harness) -> Any:
    return request_quote(harness, key=harness.key(), sandbox="kasko").status_code, harness.request(
        "GET", f"/offers/any?key={key(harness, 'public_live')}"
    ).status_code


def key_in_the_body(harness: Harness) -> Any:
    public = {"key": key(harness, "public_test")}
    made = create_offer(harness)
    quoted = harness.request(
        "POST", "/quotes", key=None, headers=V3_HEADERS, json={**PRODUCT_KEYS, "data": DATA, **public}
    )
    body = {"token": made["payment_token"], "policy_id": made["id"], **INVOICE, **public}
    return quoted.status_code, harness.request("POST", "/payments", key=None, json=body).status_code


def legacy_prefixes(harness: Harness) -> Any:
    """Of a v1 quote; of a v3 quote; of a v3 quote when Accept asks for v1."""
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    asked = [{}, {"Accept": "application/vnd.kasko.v1+json"}]
    made = [
        create_legacy_offer(harness),
        *(expect_ok(harness.request("POST", "/policies", json=body, headers=each), 201) for each in asked),
    ]
    return [not each["id"].startswith("tpol_") for each in made]


def v1_prefixes(harness: Harness) -> Any:
    ids = [create_legacy_offer(harness)["id"] for _ in range(5)]
    assert {len(id) for id in ids} == {33}
    return {id[0] for id in ids}


def other_header(harness: Harness) -> Any:
    headers = {"Authentication": f"Bearer {harness.key()}"}
    paths = ("/offers/any", f"/datasets/{locked_dataset_id(harness)}")
    return [harness.request("GET", path, key=None, headers=headers).status_code for path in paths]


def locked_dataset_id(harness: Harness) -> str:
    return str(harness.engine.export("kasko")["collections"]["datasets"][1]["id"])


def create_offer_id(harness: Harness, **fields: Any) -> Any:
    return harness.request(
        "POST", "/policies", json={"quote_token": expect_ok(request_quote(harness))["token"], **PERSON, **fields}
    )


def twice_from_one_quote(harness: Harness) -> Any:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    return [harness.request("POST", "/policies", json=body).status_code for _ in range(2)]


def after_an_hour(harness: Harness) -> Any:
    token, made = expect_ok(request_quote(harness))["token"], create_offer(harness)
    harness.advance("1h")
    answer = harness.request("POST", "/policies", json={"quote_token": token, **PERSON})
    return answer.status_code, pay(harness, made).status_code


def refused_offer(harness: Harness) -> Any:
    made = create_offer(harness, data={"insured_sum": 100_000_000})
    return expect_ok(simulate(harness, "refuse_offer", offer_id=made["id"]))["status"]


def declined_payment(harness: Harness) -> Any:
    answer = pay(harness, create_offer(harness), **card("4000000000000002"))
    return answer.status_code, answer.json["status"]


def card_in_metadata(harness: Harness) -> Any:
    how = {"method": "creditcard", "provider": "stripe", "metadata": {"card": {"number": "4242424242424242"}, "a": "b"}}
    answer = pay(harness, create_offer(harness), **how)
    return answer.status_code, answer.json.get("metadata")


def paid_with_a_public_key(harness: Harness) -> Any:
    made, public = create_offer(harness), {"key": key(harness, "public_test")}
    return "token" in expect_ok(pay(harness, made, request_options=public), 201)


def quote_error(harness: Harness, **data: Any) -> Any:
    return expect_ok(request_quote(harness, data=data), 400)["errors"]


def quote_with_accept(accept: str) -> Callable[[Harness], Any]:
    body = {**PRODUCT_KEYS, "data": DATA}
    return request_status("POST", "/quotes", headers={"Accept": accept}, json=body)


def knockout_refusal(harness: Harness) -> Any:
    return expect_ok(request_quote(harness, data={"yearly_turnover": 9_000_000_000}), 400)["message"]


def unpriced_quote(harness: Harness) -> Any:
    definition = PRODUCT.model_dump(mode="json") | {"price": "building"}
    expect_ok(simulate(harness, "publish_product", product=definition))
    return expect_ok(request_quote(harness), 409)["message"]


def unknown_path_refusal(harness: Harness) -> Any:
    """Where there is nothing, where the method is wrong and where both are right, without a key; then with one."""
    places = (("GET", "/nothing"), ("DELETE", "/quotes"), ("HEAD", "/offers/any"), ("GET", "/offers/any"))
    return [harness.request(*place, key=shown).status_code for shown in (None, harness.key()) for place in places]


def across_the_modes(harness: Harness) -> Any:
    live = {"key": key(harness, "live")}
    made, lead = create_offer(harness), expect_ok(harness.request("POST", "/leads", json={}), 201)
    payment = expect_ok(pay(harness, made), 201)
    harness.advance("2s")
    paths = (f"/offers/{made['id']}", f"/policies/{made['id']}", f"/payments/{payment['id']}", f"/leads/{lead['id']}")
    codes = [harness.request("GET", path, **live).status_code for path in paths]
    return {*codes, pay(harness, made, request_options=live).status_code}, harness.request(
        "GET", "/offers/no", **live
    ).status_code


def seen_in_live_mode(harness: Harness) -> Any:
    live, mine = {"key": key(harness, "live")}, harness.engine.export("kasko")["collections"]["dataset_items"][0]["id"]
    old = PRODUCT.legacy
    assert old is not None
    older = {"variant_id": old.variant_id, "data": dumps(DATA)}
    answers = [
        request_quote(harness, **live),
        harness.request("GET", "/quotes", query_string=older, **live),
        harness.request("GET", f"/datasets/{dataset_id(harness)}", **live),
        harness.request("GET", f"/dataset_items/{mine}?language=en", **live),
    ]
    return [answer.status_code for answer in answers]


def forged_token_refusal(harness: Harness) -> Any:
    offered = harness.request("POST", "/policies", json={"quote_token": "x", **PERSON})
    return offered.status_code, pay(harness, create_offer(harness), token="x").status_code


def posted_offer(harness: Harness) -> Any:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    answers = [harness.request("POST", "/offers", json=body), harness.request("GET", "/offers")]
    return [answer.status_code for answer in answers]


def paid_offer(harness: Harness) -> Any:
    made = create_offer(harness)
    expect_ok(pay(harness, made), 201)
    return expect_ok(harness.request("GET", f"/offers/{made['id']}"))["status"]


ASSUMPTION_CASES: dict[str, tuple[Any, Callable[[Harness], Any], Any, Any]] = {
    "unauthorized_message": (
        "No.", lambda harness: harness.request("GET", "/offers/a", key=None).json["message"],
        "No valid API key provided.", "No.",
    ),
    "forbidden": ("404", a_public_key, 403, 404),
    "two_keys": ("refused", two_keys, (200, 404), (200, 401)),
    "body_key": ("ignored", key_in_the_body, (200, 201), (401, 401)),
    "authentication_header": ("everywhere", other_header, [401, 200], [404, 200]),
    "quote_without_v3": ("406", quote_with_accept("*/*"), 400, 406),
    "other_accept": (
        "refused", request_status("GET", "/policies/a", headers={"Accept": "application/vnd.kasko.v9+json"}), 404, 400
    ),
    "v1_offers": ("accept", legacy_prefixes, [True, False, True], [True, True, True]),
    "v1_ids": ("bare", lambda harness: v1_prefixes(harness) == {"t"}, True, False),
    "v1_number": (True, lambda harness: "insurer_policy_id" in create_legacy_offer(harness), False, True),
    "request_ids": ("hex", lambda harness: len(harness.request("GET", "/offers/a").headers["X-Request-Id"]), 36, 32),
    "quote_status": ("201", lambda harness: request_quote(harness).status_code, 200, 201),
    "offer_status": ("200", lambda harness: create_offer_id(harness).status_code, 201, 200),
    "payment_status": ("200", lambda harness: pay(harness, create_offer(harness)).status_code, 201, 200),
    "rule_types": (
        "strict", lambda harness: request_quote(harness, data={"deductible": "500000", "encryption": 1}).status_code, 200, 400
    ),
    "missing_code": (
        "missing_value", lambda harness: quote_error(harness, deductible=None)[0]["code"], "invalid_value", "missing_value"
    ),
    "error_fields": ("dotted", lambda harness: quote_error(harness, deductible=7)[0]["field"], "deductible", "data.deductible"),
    "knockout": ("422", lambda harness: request_quote(harness, data={"yearly_turnover": 9_000_000_000}).status_code, 400, 422),
    "quote_lifetime": ("1h", after_an_hour, (201, 201), (400, 201)),
    "quote_reuse": ("refused", twice_from_one_quote, [201, 201], [201, 409]),
    "language_required": (False, lambda harness: create_offer_id(harness, language=None).status_code, 400, 201),
    "email_check": ("none", lambda harness: create_offer_id(harness, email="mia").status_code, 400, 201),
    "refused_offer": ("declined", refused_offer, "rejected", "declined"),
    "payment_token_lifetime": ("1h", after_an_hour, (201, 201), (201, 400)),
    "second_payment": (
        "400", lambda harness: [pay(harness, made).status_code for made in [create_offer(harness)] * 2], [201, 409], [201, 400]
    ),
    "declined_payment": ("refused", declined_payment, (201, "failed"), (400, "Bad Request")),
    "card_field": ("metadata", card_in_metadata, (400, None), (201, {"a": "b"})),
    "public_payment_view": ("reduced", paid_with_a_public_key, True, False),
    "forbidden_message": (
        "Nope.", lambda harness: harness.request("GET", "/offers/a", key=key(harness, "public_test")).json["message"],
        "The key may not do this.", "Nope.",
    ),
    "method_message": (
        "No {method}.", lambda harness: harness.request("DELETE", "/quotes").json["message"],
        "DELETE is not allowed here.", "No DELETE.",
    ),
    "unknown_path": (
        "401", unknown_path_refusal, [404, 405, 405, 401, 404, 405, 405, 404], [401, 401, 401, 401, 404, 405, 405, 404]
    ),
    "other_mode": ("403", across_the_modes, ({404}, 404), ({403}, 404)),
    "live_catalogue": ("empty", seen_in_live_mode, [200] * 4, [404] * 4),
    "knockout_message": ("No.", knockout_refusal, "The quote ended in a knock-out.", "No."),
    "building_message": ("Wait.", unpriced_quote, "The product's pricing logic is still being built.", "Wait."),
    "forged": ("404", forged_token_refusal, (400, 400), (404, 404)),
    "post_offers": (True, posted_offer, [404, 404], [201, 405]),
    "paid_offer": ("paid", paid_offer, "accepted", "paid"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ASSUMPTION_CASES))
def test_an_assumption_makes_the_difference_it_speaks_of(name: str) -> None:
    value, look, by_default, otherwise = ASSUMPTION_CASES[name]
    harness = make_harness(PROVIDER)
    assert look(harness) == by_default
    harness = make_harness(PROVIDER)
    set_assumptions(harness, **{name: value})
    assert look(harness) == otherwise


def test_every_assumption_has_a_case() -> None:
    assert set(ASSUMPTION_CASES) == set(SaleAssumptions.model_fields) - set(Assumptions.model_fields)


def test_every_point_says_what_it_decides_and_what_speaks_for_its_default() -> None:
    assert all(each["sentence"] and each["evidence"] for each in describe(KaskoAssumptions))


def test_an_assumption_that_cannot_be_is_refused(harness: Harness) -> None:
    answer = harness.admin("PATCH", SANDBOX_PATH, {"assumptions": {"knockout": "418"}})
    assert answer.status_code == 422


def test_a_sandbox_may_have_no_offers_of_the_first_version(harness: Harness) -> None:
    set_assumptions(harness, v1_offers="never")
    assert legacy_prefixes(harness) == [False, False, False]
