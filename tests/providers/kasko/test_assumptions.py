"""KASKO's assumptions about keys, quotes, offers and payments: each one changes the behaviour it names."""

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


def request_status(method: str, path: str, **options: Any) -> Callable[[Harness], Any]:
    return lambda harness: harness.request(method, path, **options).status_code


def a_public_key(harness: Harness) -> Any:
    return harness.request("GET", "/offers/any", key=key(harness, "public_test")).status_code


def two_keys(harness: Harness) -> Any:
    return request_quote(harness, key=harness.key(), sandbox="kasko").status_code, harness.request(
        "GET", f"/offers/any?key={key(harness, 'public_live')}"
    ).status_code


def key_in_the_body(harness: Harness) -> Any:
    public = {"key": key(harness, "public_test")}
    offer = create_offer(harness)
    quoted = harness.request(
        "POST", "/quotes", key=None, headers=V3_HEADERS, json={**PRODUCT_KEYS, "data": DATA, **public}
    )
    body = {"token": offer["payment_token"], "policy_id": offer["id"], **INVOICE, **public}
    return quoted.status_code, harness.request("POST", "/payments", key=None, json=body).status_code


def legacy_prefixes(harness: Harness) -> Any:
    """Returns whether the offer has a v1 id: for a v1 quote, a v3 quote, and a v3 quote with ``Accept: v1``."""
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    accept_headers = [{}, {"Accept": "application/vnd.kasko.v1+json"}]
    offers = [
        create_legacy_offer(harness),
        *(expect_ok(harness.request("POST", "/policies", json=body, headers=each), 201) for each in accept_headers),
    ]
    return [not each["id"].startswith("tpol_") for each in offers]


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


def request_offer(harness: Harness, **fields: Any) -> Any:
    return harness.request(
        "POST", "/policies", json={"quote_token": expect_ok(request_quote(harness))["token"], **PERSON, **fields}
    )


def twice_from_one_quote(harness: Harness) -> Any:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    return [harness.request("POST", "/policies", json=body).status_code for _ in range(2)]


def after_an_hour(harness: Harness) -> Any:
    token, offer = expect_ok(request_quote(harness))["token"], create_offer(harness)
    harness.advance("1h")
    response = harness.request("POST", "/policies", json={"quote_token": token, **PERSON})
    return response.status_code, pay(harness, offer).status_code


def refused_offer(harness: Harness) -> Any:
    offer = create_offer(harness, data={"insured_sum": 100_000_000})
    return expect_ok(simulate(harness, "refuse_offer", offer_id=offer["id"]))["status"]


def declined_payment(harness: Harness) -> Any:
    response = pay(harness, create_offer(harness), **card("4000000000000002"))
    return response.status_code, response.json["status"]


def card_in_metadata(harness: Harness) -> Any:
    payment = {
        "method": "creditcard",
        "provider": "stripe",
        "metadata": {"card": {"number": "4242424242424242"}, "a": "b"},
    }
    response = pay(harness, create_offer(harness), **payment)
    return response.status_code, response.json.get("metadata")


def paid_with_a_public_key(harness: Harness) -> Any:
    offer, public = create_offer(harness), {"key": key(harness, "public_test")}
    return "token" in expect_ok(pay(harness, offer, request_options=public), 201)


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
    """Returns the statuses of an unknown path, a wrong method and valid requests, without a key and then with one."""
    requests = (("GET", "/nothing"), ("DELETE", "/quotes"), ("HEAD", "/offers/any"), ("GET", "/offers/any"))
    return [
        harness.request(*request, key=api_key).status_code for api_key in (None, harness.key()) for request in requests
    ]


def across_the_modes(harness: Harness) -> Any:
    live = {"key": key(harness, "live")}
    offer, lead = create_offer(harness), expect_ok(harness.request("POST", "/leads", json={}), 201)
    payment = expect_ok(pay(harness, offer), 201)
    harness.advance("2s")
    paths = (f"/offers/{offer['id']}", f"/policies/{offer['id']}", f"/payments/{payment['id']}", f"/leads/{lead['id']}")
    codes = [harness.request("GET", path, **live).status_code for path in paths]
    return {*codes, pay(harness, offer, request_options=live).status_code}, harness.request(
        "GET", "/offers/no", **live
    ).status_code


def seen_in_live_mode(harness: Harness) -> Any:
    live, item_id = (
        {"key": key(harness, "live")},
        harness.engine.export("kasko")["collections"]["dataset_items"][0]["id"],
    )
    legacy = PRODUCT.legacy
    assert legacy is not None
    legacy_query = {"variant_id": legacy.variant_id, "data": dumps(DATA)}
    responses = [
        request_quote(harness, **live),
        harness.request("GET", "/quotes", query_string=legacy_query, **live),
        harness.request("GET", f"/datasets/{dataset_id(harness)}", **live),
        harness.request("GET", f"/dataset_items/{item_id}?language=en", **live),
    ]
    return [response.status_code for response in responses]


def forged_token_refusal(harness: Harness) -> Any:
    response = harness.request("POST", "/policies", json={"quote_token": "x", **PERSON})
    return response.status_code, pay(harness, create_offer(harness), token="x").status_code


def posted_offer(harness: Harness) -> Any:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    responses = [harness.request("POST", "/offers", json=body), harness.request("GET", "/offers")]
    return [response.status_code for response in responses]


def paid_offer(harness: Harness) -> Any:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    return expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"]


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
    "offer_status": ("200", lambda harness: request_offer(harness).status_code, 201, 200),
    "payment_status": ("200", lambda harness: pay(harness, create_offer(harness)).status_code, 201, 200),
    "rule_types": (
        "strict", lambda harness: request_quote(harness, data={"deductible": "500000", "encryption": 1}).status_code,
        200, 400,
    ),
    "missing_code": (
        "missing_value", lambda harness: quote_error(harness, deductible=None)[0]["code"],
        "invalid_value", "missing_value",
    ),
    "error_fields": (
        "dotted", lambda harness: quote_error(harness, deductible=7)[0]["field"], "deductible", "data.deductible"
    ),
    "knockout": (
        "422", lambda harness: request_quote(harness, data={"yearly_turnover": 9_000_000_000}).status_code, 400, 422
    ),
    "quote_lifetime": ("1h", after_an_hour, (201, 201), (400, 201)),
    "quote_reuse": ("refused", twice_from_one_quote, [201, 201], [201, 409]),
    "language_required": (False, lambda harness: request_offer(harness, language=None).status_code, 400, 201),
    "email_check": ("none", lambda harness: request_offer(harness, email="mia").status_code, 400, 201),
    "refused_offer": ("declined", refused_offer, "rejected", "declined"),
    "payment_token_lifetime": ("1h", after_an_hour, (201, 201), (201, 400)),
    "second_payment": (
        "400", lambda harness: [pay(harness, offer).status_code for offer in [create_offer(harness)] * 2],
        [201, 409], [201, 400],
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
def test_an_assumption_changes_the_behaviour_it_names(name: str) -> None:
    value, behaviour, default, changed = ASSUMPTION_CASES[name]
    harness = make_harness(PROVIDER)
    assert behaviour(harness) == default
    harness = make_harness(PROVIDER)
    set_assumptions(harness, **{name: value})
    assert behaviour(harness) == changed


def test_every_assumption_has_a_case() -> None:
    assert set(ASSUMPTION_CASES) == set(SaleAssumptions.model_fields) - set(Assumptions.model_fields)


def test_every_assumption_has_a_sentence_and_evidence() -> None:
    assert all(each["sentence"] and each["evidence"] for each in describe(KaskoAssumptions))


def test_an_invalid_value_of_an_assumption_is_refused(harness: Harness) -> None:
    response = harness.admin("PATCH", SANDBOX_PATH, {"assumptions": {"knockout": "418"}})
    assert response.status_code == 422


def test_a_sandbox_may_have_no_version_1_offers(harness: Harness) -> None:
    set_assumptions(harness, v1_offers="never")
    assert legacy_prefixes(harness) == [False, False, False]
