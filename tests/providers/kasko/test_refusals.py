"""KASKO's refusals: statuses, messages, and that a refused call changes nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    CANCEL,
    DATA,
    FULL_LEAD,
    PERSON,
    PRODUCT_KEYS,
    V3_HEADERS,
    create_offer,
    create_policy,
    dataset_id,
    events,
    expect_ok,
    key,
    pay,
    refusal_message,
    request_quote,
    set_assumptions,
    simulate,
)


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic", "Basic !!", "Basic /////w==", "Digest x", "Bearer sk_test_none",
     f"Basic {b64encode(b'sk_test_none:').decode()}"],
)  # fmt: skip
def test_a_header_without_a_valid_key_is_401(harness: Harness, header: str) -> None:
    refusal_message(harness, "GET", "/offers/any", 401, key=None, headers={"Authorization": header})


def test_basic_credentials_with_a_password_are_refused(harness: Harness) -> None:
    header = {"Authorization": f"Basic {b64encode(f'{harness.key()}:secret'.encode()).decode()}"}
    refusal_message(harness, "GET", "/offers/any", 401, key=None, headers=header)


def test_the_key_is_checked_before_the_body(harness: Harness) -> None:
    for method, path in (("POST", "/quotes"), ("POST", "/policies"), ("PUT", "/policies/any")):
        refusal_message(harness, method, path, 401, key=None, data=b"{")


@pytest.mark.parametrize("field", [*PRODUCT_KEYS, "data"])
@pytest.mark.parametrize("value", [None, "", 7, []])
def test_a_quote_needs_its_parameters(harness: Harness, field: str, value: Any) -> None:
    if (field, value) == ("data", []):
        assert expect_ok(
            harness.request("POST", "/quotes", headers=V3_HEADERS, json={**PRODUCT_KEYS, "data": []}), 400
        )["errors"]
        return
    body = {**PRODUCT_KEYS, "data": DATA, field: value}
    response = harness.request("POST", "/quotes", headers=V3_HEADERS, json=body)
    assert response.status_code == 400
    assert list(response.json) == ["status", "message"]
    assert response.json["status"] == "Bad Request"


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/vnd.kasko.v2+json", "application/vnd.kasko.v3"]
)
def test_a_quote_needs_version_3_in_the_accept_header(harness: Harness, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    body = {**PRODUCT_KEYS, "data": DATA}
    refusal_message(harness, "POST", "/quotes", 400, headers=headers, json=body)
    both = {"Accept": "text/html, application/vnd.kasko.v3+json;q=0.9"}
    assert harness.request("POST", "/quotes", headers=both, json=body).status_code == 200


@pytest.mark.parametrize(
    "data",
    [{"yearly_turnover": 5_000_000_001}, {"company_backup": "never", "insured_sum": 50_000_000}],
)
def test_excluded_risks_end_in_a_knock_out(harness: Harness, data: dict[str, Any]) -> None:
    response = request_quote(harness, data=data)
    assert (response.status_code, response.json) == (
        400,
        {"status": "Bad Request", "message": "The quote ended in a knock-out."},
    )


@pytest.mark.parametrize(
    ("options", "status"),
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
def test_invalid_quote_parameters_are_refused(harness: Harness, options: dict[str, Any], status: int) -> None:
    assert request_quote(harness, **options).status_code == status


def test_all_wrong_fields_are_named_together(harness: Harness) -> None:
    response = expect_ok(request_quote(harness, data={"deductible": 7, "encryption": "x", "insured_sum": None}), 400)
    assert {each["field"] for each in response["errors"]} == {"deductible", "encryption", "insured_sum"}


MANGLED_TOKENS: dict[str, Callable[[str], str]] = {
    "nothing": lambda token: "",
    "short": lambda token: "x",
    "cut": lambda token: token[:-4],
    "longer": lambda token: f"A{token}",
    "one letter": lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
    "not base64": lambda token: f"é{token}",
}


@pytest.mark.parametrize("mangle", [pytest.param(mangle, id=name) for name, mangle in MANGLED_TOKENS.items()])
def test_a_changed_quote_token_is_refused(harness: Harness, mangle: Callable[[str], str]) -> None:
    token = mangle(expect_ok(request_quote(harness))["token"])
    assert (
        refusal_message(harness, "POST", "/policies", 400, json={"quote_token": token, **PERSON})
        == "The quote token is not valid."
    )


def test_a_quote_token_is_valid_only_in_its_mode_and_account(harness: Harness) -> None:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    refusal_message(harness, "POST", "/policies", 400, json=body, key=key(harness, "live"))
    assert harness.admin("POST", "/sandboxes", {"provider": "kasko", "name": "other", "seed": "1"}).status_code == 201
    refusal_message(harness, "POST", "/policies", 400, json=body, sandbox="other")


@pytest.mark.parametrize("field", ["quote_token", "first_name", "last_name", "email", "language"])
def test_an_offer_needs_its_fields(harness: Harness, field: str) -> None:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    body.pop(field)
    assert field in refusal_message(harness, "POST", "/policies", 400, json=body)


@pytest.mark.parametrize(
    "changed", [{"email": "mia"}, {"email": "@x"}, {"language": "eng"}, {"language": "E1"}, {"data": 7}]
)
def test_an_offers_fields_are_checked(harness: Harness, changed: dict[str, Any]) -> None:
    body = {"quote_token": expect_ok(request_quote(harness))["token"], **PERSON, **changed}
    refusal_message(harness, "POST", "/policies", 400, json=body)


@pytest.mark.parametrize(
    ("payment", "status"),
    [
        ({"token": "x"}, 400),
        ({"policy_id": "tpol_no"}, 404),
        ({"method": "cash"}, 400),
        ({"provider": "zurich_invoice"}, 400),
        ({"method": "creditcard", "provider": "stripe"}, 400),
        ({"method": "creditcard", "provider": "stripe", "card": {}}, 400),
    ],
)
def test_a_payment_that_does_not_fit_its_offer_is_refused(
    harness: Harness, payment: dict[str, Any], status: int
) -> None:
    offer = create_offer(harness)
    assert pay(harness, offer, **payment).status_code == status
    assert expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["status"] == "ready"


def test_an_offer_is_paid_once(harness: Harness) -> None:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    assert expect_ok(pay(harness, offer), 409)["status"] == "Conflict"
    harness.advance("2s")
    assert pay(harness, offer).status_code == 409
    assert len(events(harness)) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"first_name": "Eva"}, {**FULL_LEAD, "email": None}, {**FULL_LEAD, "email": "x"},
     {**FULL_LEAD, "quote_token": "x"},
     {"status": "paid"}, {"status": "cancelled"}, {**CANCEL, "cancellation_reason": ""},
     {**CANCEL, "termination_date": "1.5.2026"}, {**CANCEL, "termination_date": "2026-02-30"}],
)  # fmt: skip
def test_an_incomplete_replacement_or_cancellation_is_refused(harness: Harness, body: dict[str, Any]) -> None:
    path = f"/policies/{create_policy(harness)}"
    before = expect_ok(harness.request("GET", path))
    refusal_message(harness, "PUT", path, 400, json=body)
    assert expect_ok(harness.request("GET", path)) == before


def test_an_unpaid_offer_is_not_a_policy(harness: Harness) -> None:
    path = f"/policies/{create_offer(harness)['id']}"
    for method, body in (("GET", None), ("PATCH", {}), ("PUT", CANCEL)):
        assert refusal_message(harness, method, path, 404, json=body) == "Policy not found."
    refusal_message(harness, "POST", f"{path}/reactivate", 404)


@pytest.mark.parametrize("value", ["x", "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT", "0"])
def test_an_unreadable_date_is_not_a_precondition_but_an_unreadable_etag_is(harness: Harness, value: str) -> None:
    path = f"/policies/{create_policy(harness)}"
    assert harness.request("PATCH", path, json={}, headers={"If-Unmodified-Since": value}).status_code == 200
    assert harness.request("PATCH", path, json={}, headers={"If-Match": value}).status_code == 412


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
def test_an_impossible_simulation_is_refused(
    harness: Harness, name: str, parameters: dict[str, Any], status: int
) -> None:
    assert simulate(harness, name, **parameters).status_code == status


def test_a_refused_call_stores_nothing(harness: Harness) -> None:
    before = harness.engine.export("kasko")["collections"]
    request_quote(harness, data={"deductible": 7})
    pay(harness, {"id": "tpol_no"})
    harness.request("POST", "/policies", json=PERSON)
    after = harness.engine.export("kasko")["collections"]
    assert {**after, "_sandbox": 0} == {**before, "_sandbox": 0}


@pytest.mark.parametrize("name", ["fields", "query", "sort"])
def test_a_parameter_that_is_not_json_is_named(harness: Harness, name: str) -> None:
    query = {"language": "en", "fields": '["name"]', name: "["}
    message = refusal_message(harness, "GET", f"/datasets/{dataset_id(harness)}/dataset_items", 400, query_string=query)
    assert message == f"{name} must be JSON."


def test_a_hidden_403_looks_like_an_unknown_path(harness: Harness) -> None:
    set_assumptions(harness, forbidden="404")
    public = {"key": key(harness, "public_test")}
    for path in (f"/offers/{create_offer(harness)['id']}", "/offers/none", "/nothing"):
        assert refusal_message(harness, "GET", path, 404, **public) == f"There is nothing at /kasko{path}."
