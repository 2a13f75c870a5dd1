"""KASKO's operations, statuses, fields, headers and error texts match its contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kasko import PROVIDER
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    DATA,
    PERSON,
    PRODUCT,
    PRODUCT_KEYS,
    V3_HEADERS,
    create_cancelled_policy,
    create_offer,
    create_policy,
    dataset_id,
    events,
    expect_ok,
    item,
    key,
    pay,
    request_quote,
)
from tests.support.paths import load_contract

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

FACTS = load_contract("kasko")
OPERATIONS: list[dict[str, Any]] = FACTS["operations"]
SERVED = {(op.method, op.path): op for op in PROVIDER.operations if op.available_if is None}
operations = pytest.mark.parametrize("fact", OPERATIONS, ids=lambda fact: fact["name"])


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


LIST = {"language": "en", "fields": '["name"]'}
OPERATION_CALLS: dict[str, Callable[[Harness], ApiResponse]] = {
    "create_quote": request_quote,
    "create_offer": lambda harness: harness.request(
        "POST", "/policies", json={"quote_token": expect_ok(request_quote(harness))["token"], **PERSON}
    ),
    "get_offer": lambda harness: harness.request("GET", f"/offers/{create_offer(harness)['id']}"),
    "create_payment": lambda harness: pay(harness, create_offer(harness)),
    "get_payment": lambda harness: harness.request(
        "GET", f"/payments/{expect_ok(pay(harness, create_offer(harness)), 201)['id']}"
    ),
    "get_policy": lambda harness: harness.request("GET", f"/policies/{create_policy(harness)}"),
    "update_policy": lambda harness: harness.request(
        "PATCH", f"/policies/{create_policy(harness)}", json={"first_name": "Ida"}
    ),
    "replace_policy": lambda harness: harness.request(
        "PUT", f"/policies/{create_policy(harness)}", json={"status": "cancelled", "cancellation_reason": "sold"}
    ),
    "reactivate_policy": lambda harness: harness.request(
        "POST", f"/policies/{create_cancelled_policy(harness)}/reactivate"
    ),
    "get_dataset": lambda harness: harness.request("GET", f"/datasets/{dataset_id(harness)}"),
    "list_dataset_items": lambda harness: harness.request(
        "GET", f"/datasets/{dataset_id(harness)}/dataset_items", query_string=LIST
    ),
    "list_distinct_values": lambda harness: harness.request(
        "GET", f"/datasets/{dataset_id(harness)}/items_distinct_values", query_string=LIST
    ),
    "get_dataset_item": lambda harness: harness.request("GET", f"/dataset_items/{item(harness)}?language=en"),
    "get_quote": lambda harness: harness.request("GET", "/quotes", query_string=legacy_quote_query()),
    "create_lead": lambda harness: harness.request("POST", "/leads", json={}),
    "get_lead": lambda harness: harness.request(
        "GET", f"/leads/{expect_ok(harness.request('POST', '/leads', json={}), 201)['id']}"
    ),
    "create_media": lambda harness: harness.request("POST", "/media", json=media()),
    "upload_media": lambda harness: upload(harness),
    "attach_media": lambda harness: harness.request(
        "POST",
        f"/policies/{create_policy(harness)}/media",
        json={"id": expect_ok(harness.request("POST", "/media", json=media()), 201)["id"]},
    ),
    "list_indexed_policies": lambda harness: harness.request("GET", PROVIDER.example),
}


def legacy_quote_query() -> dict[str, Any]:
    assert PRODUCT.legacy is not None
    data = '{"a":1,' + ",".join(f'"{name}":{as_text(value)}' for name, value in DATA.items()) + "}"
    return {"variant_id": PRODUCT.legacy.variant_id, "data": data}


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def media() -> dict[str, Any]:
    return {"designation": "id", "name": "a", "mime_type": "text/plain", "file_size": 0}


def upload(harness: Harness) -> ApiResponse:
    id = expect_ok(harness.request("POST", "/media", json=media()), 201)["id"]
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--x--\r\n'
    return harness.request(
        "POST", f"/media/{id}/content", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )


def test_exactly_the_documented_operations_are_served() -> None:
    assert set(SERVED) == {(fact["method"], fact["path"]) for fact in OPERATIONS}
    assert len([fact for fact in OPERATIONS if fact["core"]]) == 13
    assert len(SERVED) == 20
    assert [op.path for op in PROVIDER.operations if op.available_if is not None] == ["/offers"]


@operations
def test_an_operation_returns_its_status_as_json_with_a_request_id(harness: Harness, fact: dict[str, Any]) -> None:
    response = OPERATION_CALLS[fact["name"]](harness)
    assert response.status_code == fact["status"] == SERVED[fact["method"], fact["path"]].status, response.text
    assert response.headers.getlist("Content-Type") == ["application/json"]
    assert len(response.headers.getlist("X-Request-Id")) == 1
    assert (
        ("ETag" in response.headers)
        == ("Last-Modified" in response.headers)
        == (fact["name"] in ("get_policy", "update_policy", "replace_policy", "reactivate_policy"))
    )


@pytest.mark.parametrize("name", list(FACTS["fields"]))
def test_a_response_has_exactly_the_documented_fields(harness: Harness, name: str) -> None:
    assert set(expect_ok(OPERATION_CALLS[name](harness), OPERATION_CALLS[name](harness).status_code)) == set(
        FACTS["fields"][name]
    )


@operations
def test_a_public_key_may_call_only_the_documented_operations(harness: Harness, fact: dict[str, Any]) -> None:
    public = key(harness, "public_test")
    path = fact["path"].replace("{id}", "any")
    response = harness.request(fact["method"], path, key=public, json={} if fact["method"] != "GET" else None)
    assert (response.status_code == 403) != fact["public"], response.text
    if not fact["public"]:
        assert response.json["status"] == "Forbidden"


@operations
def test_a_missing_and_a_wrong_key_are_refused_with_401(harness: Harness, fact: dict[str, Any]) -> None:
    path = fact["path"].replace("{id}", "any")
    responses = [harness.request(fact["method"], path, key="sk_test_wrong")]
    if "dataset" not in fact["path"]:
        responses.append(harness.request(fact["method"], path, key=None))
    for response in responses:
        assert (response.status_code, response.json) == (
            401,
            {"status": "Unauthorized", "message": "No valid API key provided."},
        )
        assert "X-Request-Id" in response.headers


def test_keys_and_ids_have_the_documented_shapes(harness: Harness) -> None:
    for mode, pattern in FACTS["keys"].items():
        assert re.match(pattern, key(harness, mode))
    patterns = {name: re.compile(pattern) for name, pattern in FACTS["ids"].items()}
    offer = create_offer(harness)
    live_offer = create_offer(harness, request_options={"key": key(harness, "live")})
    payment = expect_ok(pay(harness, offer), 201)
    harness.advance("2s")
    assert patterns["policy_test"].match(offer["id"])
    assert patterns["policy_live"].match(live_offer["id"])
    assert patterns["number"].match(offer["insurer_policy_id"])
    assert patterns["payment_test"].match(payment["id"])
    assert patterns["dataset"].match(dataset_id(harness))
    assert patterns["dataset_item"].match(item(harness))
    assert patterns["delivery"].match(events(harness)[0]["id"])
    assert all(len(id) == 32 for id in PRODUCT_KEYS.values())


def test_nested_objects_have_the_documented_fields(harness: Harness) -> None:
    offer = create_offer(harness)
    details = expect_ok(harness.request("GET", f"/offers/{offer['id']}"))
    assert set(details["quote"]) == set(FACTS["quote_fields"])
    assert set(details["quote"]["payment_data"]) == set(FACTS["premium_fields"])
    assert set(details["quote"]["duration_data"]) == {"policy_start_date", "policy_end_date"}
    assert set(details["_links"]) == set(FACTS["offer_links"])
    policy = expect_ok(harness.request("GET", f"/policies/{create_policy(harness)}"))
    assert set(policy["_links"]) == set(FACTS["policy_links"])
    assert set(policy["localized_dates"]) == set(FACTS["localized_fields"])
    assert [set(each) for each in policy["assets"]] == [set(FACTS["asset_fields"])]
    assert (offer["_links"], details["quote"]["version"]) == (
        {"_self": {"href": f"http://localhost/kasko/policies/{offer['id']}"}},
        2,
    )


def test_empty_data_is_a_list_and_empty_metadata_an_object(harness: Harness) -> None:
    policy = expect_ok(harness.request("GET", f"/policies/{create_policy(harness)}"))
    assert (policy["data"], policy["metadata"], policy["currency"]) == ([], {}, "eur")


def test_the_data_of_an_event_is_the_policy(harness: Harness) -> None:
    id = create_policy(harness)
    [event] = events(harness)
    assert event["type"] == "policy.created"
    assert set(event["data"]) == set(FACTS["event_fields"])
    assert [set(each) for each in event["data"]["assets"]] == [set(FACTS["event_asset_fields"])]
    assert event["data"]["_links"] == {"self": {"href": f"http://localhost/kasko/policies/{id}"}}
    assert event["data"]["product_id"] == PRODUCT.item_id


def test_the_documented_error_responses_match_word_for_word(harness: Harness) -> None:
    documented = FACTS["errors"]
    wrong = request_quote(harness, data={"deductible": 7})
    assert (wrong.status_code, wrong.json) == (400, documented["validation"])
    plan = request_quote(harness, subscription_plan_id="pp_no")
    assert (plan.status_code, plan.json) == (
        404,
        {"status": "Not Found", "message": documented["plan"].format(plan="pp_no")},
    )
    integration = request_quote(harness, integration_id="in_no")
    message = documented["integration"].format(integration="in_no", item=PRODUCT.item_id)
    assert (integration.status_code, integration.json) == (404, {"status": "Not Found", "message": message})


WRONG: dict[str, list[Any]] = {
    "integer": ["x", 1.5, [1]],
    "string": [1, ["weekly"]],
    "boolean": ["maybe", 2],
    "date": ["1.4.2026", "2026-13-01"],
}


@pytest.mark.parametrize("field", list(FACTS["rules"]))
def test_the_rules_of_the_product_are_enforced_for_every_field(harness: Harness, field: str) -> None:
    rule = FACTS["rules"][field]
    missing = {name: value for name, value in DATA.items() if name != field}
    body = {**PRODUCT_KEYS, "data": missing}
    expected = {**FACTS["errors"]["validation"], "errors": [{"code": "invalid_value", "field": field}]}
    assert expect_ok(harness.request("POST", "/quotes", headers=V3_HEADERS, json=body), 400) == expected
    wrong: list[Any] = [*WRONG[rule["type"]], None]
    for value in wrong + ([999, "999"] if "in" in rule else []):
        assert expect_ok(request_quote(harness, data={field: value}), 400) == expected, value
    for value in rule.get("in", ()):
        response = request_quote(harness, data={field: value})
        assert response.status_code == 200 or (field, value) == ("company_backup", "never"), value


@pytest.mark.parametrize(("start", "status"), [("2026-03-01", 400), ("2026-02-28", 400), ("2026-03-02", 200)])
def test_a_policy_starts_after_today(harness: Harness, start: str, status: int) -> None:
    assert request_quote(harness, data={"policy_start_date": start}).status_code == status


def test_today_is_the_date_of_the_sandbox_clock_in_the_products_time_zone(harness: Harness) -> None:
    assert request_quote(harness, data={"policy_start_date": "2026-03-02"}).status_code == 200
    harness.advance("11h")  # 23:00 in UTC is midnight in Berlin
    assert request_quote(harness, data={"policy_start_date": "2026-03-02"}).status_code == 400


ID_EXAMPLES = {
    "ins": [PRODUCT.item_id],
    "in": PRODUCT.integrations,
    "pp": [plan.id for plan in PRODUCT.plans],
    "prv": list(PRODUCT.product_versions.model_dump().values()),
    "inv": list(PRODUCT.integration_versions.model_dump().values()),
    "tp": [PRODUCT.legacy.touchpoint_id if PRODUCT.legacy else ""],
    "item": [PRODUCT.legacy.item_id if PRODUCT.legacy else ""],
    "sp": [PRODUCT.legacy.subscription_plan_id if PRODUCT.legacy else ""],
}


@pytest.mark.parametrize("prefix", ID_EXAMPLES)
def test_a_products_ids_have_the_documented_prefix_and_length(prefix: str) -> None:
    for id in ID_EXAMPLES[prefix]:
        assert re.fullmatch(rf"{prefix}_[0-9a-f]+", id)
        assert len(id) == 32


def test_tokens_are_long_and_opaque(harness: Harness) -> None:
    token, offer = expect_ok(request_quote(harness))["token"], create_offer(harness)
    for each in (token, offer["payment_token"]):
        assert len(each) >= 80
        assert re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", each)
        assert len(each) % 4 == 0
    assert expect_ok(request_quote(harness, data={"employee_number": 13}))["token"] != token


def test_a_conflict_is_409_and_a_wrong_method_is_405(harness: Harness) -> None:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    conflict = expect_ok(pay(harness, offer), 409)
    assert (list(conflict), conflict["status"]) == (["status", "message"], "Conflict")
    wrong = harness.request("DELETE", f"/policies/{offer['id']}")
    assert (wrong.status_code, wrong.json["status"]) == (405, "Method Not Allowed")
    assert wrong.headers["Allow"] == "GET, PATCH, PUT"
