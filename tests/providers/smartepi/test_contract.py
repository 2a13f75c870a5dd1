"""SmartEPI's operations, statuses, fields and headers match its contract."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel
from werkzeug.test import TestResponse

from mockserver.engine import Operation
from mockserver.providers.smartepi import PROVIDER
from tests.support.harness import Harness
from tests.support.paths import load_contract

FACTS = load_contract("smartepi")
DOCUMENTED: list[dict[str, Any]] = FACTS["operations"]
SERVED = {(op.method, op.path): op for op in PROVIDER.operations if op.available_if is None}
SINGLE_RECORD_OPERATIONS = [fact for fact in DOCUMENTED if fact["verb"] != "list"]
LISTS = [fact for fact in DOCUMENTED if fact["verb"] == "list"]
REFERENCES = {"sectorId": "sectors", "costCenterId": "cost-centers", "costCenter2Id": "cost-centers"}
REFERENCES |= {"jobRoleId": "job-roles", "groupId": "groups"}
ENVELOPE = {"list": {"data", "cursor"}}


def operation_title(fact: dict[str, Any]) -> str:
    return f"{fact['method']} {fact['path']}"


operations = pytest.mark.parametrize("fact", DOCUMENTED, ids=operation_title)


def first(harness: Harness, resource: str) -> str:
    listed = harness.request("GET", f"/v1/{resource}?limit=1").json
    assert listed is not None
    return str(listed["data"][0]["id"])


def body(harness: Harness, resource: str) -> dict[str, Any]:
    """Returns a request body with every documented field of the resource."""
    fields: dict[str, Any] = {"name": f"New {resource}"}
    match resource:
        case "cost-centers":
            fields["code"] = "CC-NEW"
        case "groups":
            fields["rules"] = [{"productId": first(harness, "products")}]
        case "products":
            fields |= {"sizes": [{"name": "P"}], "certificates": [{"number": "CA 1"}]}
        case "employees":
            fields |= {"identification": "new-1", "email": "new@epi.test"}
            fields |= {name: first(harness, target) for name, target in REFERENCES.items()}
    return fields


def create(harness: Harness, resource: str) -> TestResponse:
    response = harness.request("POST", f"/v1/{resource}", json=body(harness, resource))
    assert response.status_code == 201, response.text
    return response


def call_operation(harness: Harness, fact: dict[str, Any]) -> TestResponse:
    """Calls the operation so that it succeeds, on a record with every field."""
    verb, resource = fact["verb"], fact["resource"]
    if verb == "create":
        return create(harness, resource)
    writable = any(other["resource"] == resource and other["verb"] == "create" for other in DOCUMENTED)
    record = create(harness, resource) if writable else None
    if verb == "list":
        return harness.request("GET", f"/v1/{resource}?limit=100")
    assert record is not None
    assert record.json is not None
    path = fact["path"].replace("{id}", record.json["data"]["id"])
    headers = {} if verb == "get" else {"If-Match": record.headers["ETag"]}
    changes = {"name": "Another name"} if verb == "update" else None
    return harness.request(fact["method"], path, headers=headers, json=changes)


def operation(fact: dict[str, Any]) -> Operation:
    return SERVED[fact["method"], fact["path"]]


def test_exactly_the_documented_operations_are_served() -> None:
    assert set(SERVED) == {(fact["method"], fact["path"]) for fact in DOCUMENTED}
    assert len(SERVED) == 34


def test_undocumented_operations_exist_only_by_assumption() -> None:
    undocumented = [op for op in PROVIDER.operations if op.available_if is not None]
    default = PROVIDER.assumptions()
    assert {op.path for op in undocumented} == {
        "/v1/access-groups/{id}",
        "/v1/withdrawals/{id}",
        "/v1/exchanges/{id}",
    }
    assert not any(op.available_if(default) for op in undocumented if op.available_if)


@operations
def test_an_operation_declares_the_documented_statuses(fact: dict[str, Any]) -> None:
    op = operation(fact)
    undocumented = {413} if op.body is not None else set()  # the body limit is not documented
    assert op.status == fact["status"]
    assert set(op.refusals) - undocumented == set(fact["refusals"])


@operations
def test_an_operation_returns_the_documented_status(harness: Harness, fact: dict[str, Any]) -> None:
    assert call_operation(harness, fact).status_code == fact["status"]


@operations
def test_a_response_has_every_documented_field_in_its_envelope(harness: Harness, fact: dict[str, Any]) -> None:
    response = call_operation(harness, fact).json
    assert response is not None
    assert set(response) == ENVELOPE.get(fact["verb"], {"data"})
    records = response["data"] if fact["verb"] == "list" else [response["data"]]
    names = {name for record in records for name in record}
    assert set(FACTS["fields"][fact["resource"]]) <= names


@operations
def test_a_response_matches_the_declared_model(harness: Harness, fact: dict[str, Any]) -> None:
    response = call_operation(harness, fact).json
    assert response is not None
    model = operation(fact).response_model
    assert model is not None
    assert issubclass(model, BaseModel)
    for record in response["data"] if fact["verb"] == "list" else [response["data"]]:
        model.model_validate(record, strict=True)


@operations
def test_no_response_contains_internal_fields(harness: Harness, fact: dict[str, Any]) -> None:
    text = call_operation(harness, fact).text
    assert not re.search(r'"_\w+":', text)


@pytest.mark.parametrize("fact", LISTS, ids=operation_title)
def test_a_list_accepts_the_documented_parameters(fact: dict[str, Any]) -> None:
    query = operation(fact).query
    assert query is not None
    assert set(FACTS["parameters"][fact["resource"]]) <= set(query.model_fields)


@pytest.mark.parametrize("fact", LISTS, ids=operation_title)
def test_a_list_without_a_limit_has_the_documented_number_of_records(harness: Harness, fact: dict[str, Any]) -> None:
    for nth in range(FACTS["limit"]["default"] + 1):
        if (post := SERVED.get(("POST", fact["path"]))) is not None:
            assert harness.request("POST", post.path, json={"name": f"One more {nth}"}).status_code == 201
        elif fact["resource"] != "access-groups":
            word = fact["resource"].removesuffix("s")
            assert harness.admin("POST", f"/sandboxes/smartepi/simulations/record_{word}", {}).status_code == 200
    response = harness.request("GET", fact["path"]).json
    assert response is not None
    few = fact["resource"] == "access-groups"
    assert (len(response["data"]) < 20) if few else (len(response["data"]) == FACTS["limit"]["default"])
    assert (response["cursor"] is None) == few


@pytest.mark.parametrize("fact", SINGLE_RECORD_OPERATIONS, ids=operation_title)
def test_a_single_record_carries_a_strong_quoted_etag(harness: Harness, fact: dict[str, Any]) -> None:
    expected = '"2"' if fact["verb"] in ("update", "delete") else '"1"'
    assert call_operation(harness, fact).headers.getlist("ETag") == [expected]


@pytest.mark.parametrize("fact", LISTS, ids=operation_title)
def test_a_list_carries_no_etag(harness: Harness, fact: dict[str, Any]) -> None:
    assert "ETag" not in call_operation(harness, fact).headers


@operations
def test_only_a_create_returns_a_location(harness: Harness, fact: dict[str, Any]) -> None:
    response = call_operation(harness, fact)
    if fact["verb"] != "create":
        assert "Location" not in response.headers
        return
    assert response.json is not None
    location = response.headers["Location"]
    assert location == f"/smartepi{fact['path']}/{response.json['data']['id']}"
    assert harness.request("GET", location.removeprefix("/smartepi")).json == response.json


@operations
def test_every_response_of_the_application_has_its_own_request_id(harness: Harness, fact: dict[str, Any]) -> None:
    first_response, second_response = call_operation(harness, fact), harness.request("GET", "/v1/sectors")
    ids = [*first_response.headers.getlist("X-Request-Id"), *second_response.headers.getlist("X-Request-Id")]
    assert len(set(ids)) == 2
    assert first_response.headers.getlist("Content-Type") == ["application/json"]


def test_an_error_of_the_application_is_problem_json_with_a_request_id(harness: Harness) -> None:
    missing = harness.request("GET", "/v1/sectors/sec_none")
    assert missing.headers.getlist("Content-Type") == ["application/problem+json"]
    assert len(missing.headers.getlist("X-Request-Id")) == 1
    assert missing.json is not None
    assert list(missing.json) == FACTS["problem_members"]
    assert missing.json["status"] == missing.status_code == 404
    assert missing.json["type"].startswith("urn:smartepi:error:")


def refused_by_gateway(harness: Harness, situation: str, fact: dict[str, Any]) -> TestResponse:
    path = fact["path"].replace("{id}", "any")
    if situation == "throttled":
        settings = {"limits": {"rate": 1, "burst": 1}}
        assert harness.admin("PATCH", "/sandboxes/smartepi", settings).status_code == 200
        harness.request("GET", "/v1/sectors")
        return harness.request(fact["method"], path)
    return harness.request(fact["method"], path, key=None if situation == "no_key" else "sk_wrong")


@pytest.mark.parametrize("situation", list(FACTS["gateway"]))
@operations
def test_gateway_refusals_have_the_gateway_format(harness: Harness, situation: str, fact: dict[str, Any]) -> None:
    expected = FACTS["gateway"][situation]
    response = refused_by_gateway(harness, situation, fact)
    headers = {name: value for name, value in response.headers.items() if name not in ("Date", "Content-Length")}
    assert (response.status_code, response.json) == (expected["status"], expected["body"])
    assert headers == {"Content-Type": "application/json", **expected["headers"]}


def test_the_documented_problems_match_word_for_word(harness: Harness) -> None:
    sector = first(harness, "sectors")
    employees = harness.request("GET", "/v1/employees?limit=1").json
    assert employees is not None
    responses = [
        harness.request("PUT", f"/v1/sectors/{sector}", headers={"If-Match": '"9"'}, json={}),
        harness.request("POST", "/v1/sectors", json={"name": "Pintura"}),
        harness.request("DELETE", f"/v1/sectors/{employees['data'][0]['sectorId']}?_version=1"),
        harness.request("POST", "/v1/employees", json={"name": "A", "costCenterId": "cc_nope"}),
    ]
    for response, documented in zip(responses, FACTS["problems"], strict=True):
        assert response.json is not None
        assert {name: response.json[name] for name in documented} == documented


@pytest.mark.parametrize("path", ["/v1/sectors", "/v1/sectors/any", "/v1/returns", "/v1/nothing"])
@pytest.mark.parametrize("key", ["smartepi", None])
def test_responses_have_no_cors_headers(harness: Harness, path: str, key: str | None) -> None:
    headers = {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"}
    api_key = harness.key() if key else None
    response = harness.request("OPTIONS", path, headers=headers, key=api_key)
    assert response.status_code in (401, 404, 405)
    assert not [name for name in response.headers.keys() if name.lower().startswith("access-control")]  # noqa: SIM118
