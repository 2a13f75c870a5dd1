"""SmartEPI's refusals and their order: unreadable bodies, invalid fields, and several errors at once."""

from __future__ import annotations

from json import dumps, loads
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockserver.providers.smartepi import PROVIDER
from tests.support.harness import Harness, make_harness

UNREADABLE_BODIES = {
    "empty": b"",
    "spaces": b"  \n",
    "not JSON": b"name=Paint",
    "single quotes": b"{'name': 'Paint'}",
    "cut short": b'{"name": "Paint"',
    "trailing comma": b'{"name": "Paint",}',
    "trailing text": b'{"name": "Paint"} and so on',
    "two documents": b'{"name": "Paint"}{"name": "Paint"}',
    "comment": b'{"name": "Paint"} // why',
    "NaN": b'{"name": "Paint", "sizes": [{"weight": NaN}]}',
    "Infinity": b'{"name": "Paint", "sizes": [{"weight": Infinity}]}',
    "-Infinity": b'{"name": "Paint", "sizes": [{"weight": -Infinity}]}',
    "1e999": b'{"name": "Paint", "sizes": [{"weight": 1e999}]}',
    "-1e999": b'{"name": "Paint", "sizes": [{"weight": -1E999}]}',
    "1e999 in an unknown field": b'{"name": "Paint", "colour": 1e999}',
    "400 digits and a fraction": b'{"name": "Paint", "sizes": [{"weight": 1%b.5}]}' % (b"0" * 400),
    "5,000 digits": b'{"name": "Paint", "sizes": [{"weight": %b}]}' % (b"9" * 5000),
    "bad UTF-8": b'{"name": "Paint \xff"}',
    "cut UTF-8": b'{"name": "Paint \xc3"}',
    "Latin-1": '{"name": "Pintura é"}'.encode("latin-1"),
    "BOM": b'\xef\xbb\xbf{"name": "Paint"}',
    "UTF-16": '{"name": "Paint"}'.encode("utf-16"),
    "UTF-16LE": '{"name": "Paint"}'.encode("utf-16-le"),
    "lone surrogate": b'{"name": "Paint \\ud800"}',
    "lone surrogate in a row": b'{"name": "Paint", "sizes": [{"name": "\\udfff"}]}',
    "lone surrogate in a member's name": b'{"name": "Paint", "\\ud800": 1}',
    "raw control character": b'{"name": "Pa\nint"}',
    "bad escape": b'{"name": "\\x41"}',
    "NUL behind": b'{"name": "Paint"}\0',
    "65 deep": b'{"name": "Paint", "sizes": [{"x": %b%b}]}' % (b"[" * 62, b"]" * 62),
    "100,000 deep": b'{"name": "Paint", "sizes": %b%b}' % (b"[" * 100_000, b"]" * 100_000),
    "100,000 open objects": b'{"a":' * 100_000,
    "null": b"null",
    "array": b'[{"name": "Paint"}]',
    "number": b"1",
    "text": b'"Paint"',
    "true": b"true",
}
INVALID_BODIES = {
    "no name": {},
    "name null": {"name": None},
    "name number": {"name": 1},
    "name true": {"name": True},
    "name list": {"name": ["Paint"]},
    "name empty": {"name": ""},
    "name too long": {"name": "x" * 256},
    "name ten million long": {"name": "x" * 1_000_000},
    "sizes object": {"name": "Paint", "sizes": {}},
    "sizes null": {"name": "Paint", "sizes": None},
    "sizes of texts": {"name": "Paint", "sizes": ["P"]},
    "size id number": {"name": "Paint", "sizes": [{"id": 7}]},
    "size id empty": {"name": "Paint", "sizes": [{"id": ""}]},
    "size name too long": {"name": "Paint", "sizes": [{"name": "x" * 256}]},
    "1,001 sizes": {"name": "Paint", "sizes": [{}] * 1001},
    "certificates number": {"name": "Paint", "certificates": 1},
    "version text": {"name": "Paint", "_version": "1"},
    "version negative": {"name": "Paint", "_version": -1},
    "version fraction": {"name": "Paint", "_version": 1.5},
}
UNUSUAL_BODIES = {
    "64 deep": b'{"name": "Paint", "sizes": [{"x": %b%b}]}' % (b"[" * 61, b"]" * 61),
    "brackets in a text": dumps({"name": "[" * 200}).encode(),
    "escaped quotes and brackets": dumps({"name": '"' + "[{" * 60}).encode(),
    "duplicate keys": b'{"name": "Not this", "name": "Paint"}',
    "255 letters": dumps({"name": "é" * 255}).encode(),
    "one letter": b'{"name": "P"}',
    "a pair of surrogates": b'{"name": "\\ud83d\\ude00"}',
    "a NUL, escaped": b'{"name": "Paint \\u0000"}',
    "a huge integer": b'{"name": "Paint", "sizes": [{"n": %b}]}' % (b"9" * 300),
    "unknown fields": b'{"name": "Paint", "colour": "blue", "id": "prd_mine"}',
    "space around": b'\r\n\t {"name" : "Paint"} \n',
}


def stored_records(harness: Harness) -> dict[str, Any]:
    collections: dict[str, Any] = harness.engine.export("smartepi")["collections"]
    return {name: records for name, records in collections.items() if name != "_sandbox"}


def is_bad_request(response: TestResponse) -> bool:
    """Returns whether a response is exactly SmartEPI's problem for a bad request."""
    problem = loads(response.data)
    return (
        response.status_code == 400
        and response.headers["Content-Type"] == "application/problem+json"
        and "X-Request-Id" in response.headers
        and list(problem) == ["type", "title", "status", "detail"]
        and (problem["type"], problem["title"], problem["status"])
        == ("urn:smartepi:error:bad_request", "Bad request", 400)
        and isinstance(problem["detail"], str)
        and 0 < len(problem["detail"]) < 1000
    )


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in UNREADABLE_BODIES.items()])
def test_an_unreadable_body_is_refused_and_nothing_is_stored(harness: Harness, body: bytes) -> None:
    before = stored_records(harness)
    product = before["products"][0]["id"]
    assert is_bad_request(harness.request("POST", "/v1/products", data=body))
    assert is_bad_request(harness.request("PUT", f"/v1/products/{product}", data=body, headers={"If-Match": '"1"'}))
    assert stored_records(harness) == before


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in INVALID_BODIES.items()])
def test_a_body_with_invalid_fields_is_refused_and_nothing_is_stored(harness: Harness, body: Any) -> None:
    before = stored_records(harness)
    assert is_bad_request(harness.request("POST", "/v1/products", json=body))
    assert stored_records(harness) == before


@pytest.mark.parametrize(
    "body", [pytest.param(body, id=name) for name, body in INVALID_BODIES.items() if name != "no name"]
)
def test_an_update_checks_fields_as_strictly_as_a_create(harness: Harness, body: Any) -> None:
    before = stored_records(harness)
    path = f"/v1/products/{before['products'][0]['id']}"
    assert is_bad_request(harness.request("PUT", path, json=body, headers={"If-Match": '"1"'}))
    assert stored_records(harness) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("email", "@epi.test"), ("email", "ana@"), ("email", ""), ("identification", ""),
     ("email", "x" * 250 + "@epi.test"), ("identification", "x" * 256), ("identification", 1042), ("sectorId", ""),
     ("sectorId", ["sec_1"])],
)  # fmt: skip
def test_an_employees_fields_are_checked_on_create_and_on_update(harness: Harness, field: str, value: Any) -> None:
    before = stored_records(harness)
    path = f"/v1/employees/{before['employees'][0]['id']}"
    responses = [
        harness.request("POST", "/v1/employees", json={"name": "Ana", field: value}),
        harness.request("PUT", path, json={"_version": 1, field: value}),
        harness.request("PUT", path, json={"_version": 1, "name": "Ana", field: value}),
    ]
    assert [is_bad_request(response) for response in responses] == [True, True, True], [
        response.text for response in responses
    ]
    assert stored_records(harness) == before


def test_a_refusal_names_the_field_as_the_client_wrote_it(harness: Harness) -> None:
    wrong = [{"name": "P"}, {"id": 7}]
    response = harness.request("POST", "/v1/products", json={"name": "Paint", "sizes": wrong})
    assert response.json is not None
    assert "sizes[1].id" in response.json["detail"]
    long = harness.request("POST", "/v1/products", json={"name": "Paint", "sizes": [{}, {"name": "x" * 256}]})
    assert long.json is not None
    assert "sizes[1].name" in long.json["detail"]


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in UNUSUAL_BODIES.items()])
def test_an_unusual_but_valid_body_is_accepted(harness: Harness, body: bytes) -> None:
    response = harness.request("POST", "/v1/products", data=body)
    assert response.status_code == 201, response.text
    record = loads(response.data)["data"]
    assert record["name"] == loads(body)["name"]
    assert record["id"].startswith("prd_")
    assert record["id"] != "prd_mine"
    assert loads(harness.request("GET", f"/v1/products/{record['id']}").data)["data"] == record


@pytest.mark.parametrize("kind", [None, "text/plain", "application/xml", "application/json; charset=utf-16"])
def test_the_content_type_of_a_body_does_not_matter(harness: Harness, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert harness.request("POST", "/v1/sectors", data=b'{"name": "Paint"}', headers=headers).status_code == 201


CHECK_ORDER_CASES: list[tuple[str, str, Any, int, str]] = [
    ("no record, and nothing else right", "/none", {"name": "", "rules": [{"productId": "no"}]}, 404, "not_found"),
    ("no version, wrong field", "", {"name": ""}, 400, "bad_request"),
    ("no version, dangling", "", {"rules": [{"productId": "no"}]}, 400, "bad_request"),
    ("stale, wrong field", "", {"_version": 9, "name": ""}, 409, "conflict"),
    ("stale, dangling, taken", "", {"_version": 9, "name": "Grupo 2", "rules": [{"productId": "no"}]}, 409, "conflict"),
    ("wrong field, dangling", "", {"_version": 1, "name": "", "rules": [{"productId": "no"}]}, 400, "bad_request"),
    ("dangling, taken", "", {"_version": 1, "name": "Grupo 2", "rules": [{"productId": "no"}]}, 422,
     "invalid_reference"),
    ("taken", "", {"_version": 1, "name": "Grupo 2"}, 409, "duplicate_name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status", "token"), [pytest.param(*row[1:], id=row[0]) for row in CHECK_ORDER_CASES]
)
def test_several_errors_are_checked_in_order(harness: Harness, path: str, body: Any, status: int, token: str) -> None:
    before = stored_records(harness)
    response = harness.request("PUT", f"/v1/groups/{path.strip('/') or before['groups'][0]['id']}", json=body)
    assert response.json is not None
    assert (response.status_code, response.json["type"]) == (status, f"urn:smartepi:error:{token}")
    assert stored_records(harness) == before


def test_an_unreadable_body_is_refused_before_a_missing_record(harness: Harness) -> None:
    assert is_bad_request(harness.request("PUT", "/v1/groups/none", data=b"{"))


def test_a_stale_version_is_refused_before_a_record_in_use(harness: Harness) -> None:
    group = stored_records(harness)["groups"][0]["id"]
    responses = [harness.request("DELETE", f"/v1/groups/{group}?_version={version}") for version in (9, 1)]
    types = [(response.json or {})["type"].rpartition(":")[2] for response in responses]
    assert types == ["conflict", "resource_in_use"]


def test_a_body_beyond_the_limit_is_refused_with_413_and_nothing_is_stored(harness: Harness) -> None:
    before = stored_records(harness)
    body = dumps({"name": "Paint", "padding": "x" * 1024 * 1024}).encode()
    assert harness.request("POST", "/v1/products", data=body).status_code == 413
    assert stored_records(harness) == before


SHARED = make_harness(PROVIDER)
SHARED.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1_000_000, "burst": 10_000_000}})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["name", "sizes", "certificates", "rules", "email", "code", "_version", "id", "sectorId", "productId"]
documents = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), json_values, max_size=5).map(
    lambda document: dumps(document).encode()
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    resource=st.sampled_from(["sectors", "cost-centers", "job-roles", "groups", "employees", "products"]),
    body=st.binary(max_size=60) | documents,
)
def test_any_body_gets_a_documented_status(resource: str, body: bytes) -> None:
    response = SHARED.request("POST", f"/v1/{resource}", data=body)
    assert response.status_code in (201, 400, 409, 422)
    assert loads(response.data)
    if response.status_code == 201:
        id = loads(response.data)["data"]["id"]
        assert SHARED.request("GET", f"/v1/{resource}/{id}").status_code == 200
