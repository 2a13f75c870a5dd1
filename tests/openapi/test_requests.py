"""An API from a document: requests are validated, and refusals have the shape that the document declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.openapi_harness import (
    OpenApiHarness,
    document,
    json_request_body,
    json_responses,
    library,
    write_document,
)


def test_every_wrong_field_is_named() -> None:
    api = library()
    response = api.request("POST", "/authors", json={"name": "", "born": "late", "email": "x", "colour": "red"})
    assert response.status_code == 422
    assert {each["name"] for each in response.json["error"]["fields"]} == {"name", "born", "email", "colour"}
    assert response.json["error"]["code"] == "invalid_field"
    missing = api.request("POST", "/authors", json={}).json["error"]
    assert missing["fields"] == [{"name": "name", "message": "is required"}]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/authors?limit=0", "limit"),
        ("/authors?limit=many", "limit"),
        ("/authors/x/books/1.5", "bookId"),
        ("/authors/x/books?genre=novel&page=x", "page"),
    ],
)
def test_a_wrong_parameter_is_named(path: str, parameter: str) -> None:
    response = library().request("GET", path)
    assert response.status_code == 400
    (field,) = response.json["error"]["fields"] if "error" in response.json else response.json["errors"]
    assert parameter in field.values()


def test_refusals_have_the_shape_the_document_declares() -> None:
    api = library()
    response = api.request("GET", "/authors/nobody")
    error = response.json["error"]
    assert (response.status_code, set(response.json)) == (404, {"error"})
    assert (error["code"], error["message"]) == ("not_found", "There is no author nobody")
    assert response.headers["Content-Type"] == "application/json"


def test_refusals_outside_operations_use_the_usual_error_shape(tmp_path: Path) -> None:
    assert library().request("GET", "/nothing").json["error"]["code"] == "no_such_path"
    bare = OpenApiHarness(
        write_document(tmp_path, document({"/x": {"get": {"responses": {"204": {"description": "Done"}}}}}))
    )
    response = bare.request("GET", "/nothing")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": response.json["detail"],
    }
    assert bare.request("POST", "/x").status_code == 405


def test_a_repeated_unique_value_is_refused() -> None:
    api = library()
    body = {"name": "Ada", "email": "ada@example.test"}
    assert api.request("POST", "/authors", json=body).status_code == 201
    again = api.request("POST", "/authors", json=body)
    assert (again.status_code, again.json["error"]["fields"]) == (409, [{"name": "email", "message": "is taken"}])


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b'{"name": NaN}', b"\xff", b"[" * 900])
def test_an_unreadable_body_is_refused(body: bytes) -> None:
    response = library().request("POST", "/authors", data=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422), response.text


def test_a_body_above_the_body_limit_is_refused() -> None:
    api = library()
    api.set_assumptions(body_limit=20)
    assert api.request("POST", "/authors", json={"name": "x" * 30}).status_code == 413


def test_unknown_fields_are_refused_by_assumption(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    paths = {
        "/run": {"post": {"requestBody": json_request_body(schema), "responses": json_responses({"type": "object"})}}
    }
    api = OpenApiHarness(write_document(tmp_path, document(paths)))
    assert api.request("POST", "/run", json={"m": 1}).status_code == 200
    api.set_assumptions(unknown_fields="refused")
    assert api.request("POST", "/run", json={"m": 1}).json["errors"] == [{"field": "m", "message": "is not known"}]


ECHO = {"type": "object", "required": ["got"], "properties": {"got": {"type": "boolean", "enum": [True]}}}


def make_echo_api(tmp_path: Path, operation: dict[str, Any]) -> OpenApiHarness:
    return OpenApiHarness(
        write_document(tmp_path, document({"/run": {"post": {"responses": json_responses(ECHO), **operation}}}))
    )


FORM = {
    "type": "object",
    "required": ["amount", "card"],
    "properties": {
        "amount": {"type": "integer"},
        "live": {"type": "boolean"},
        "card": {
            "type": "object",
            "required": ["number"],
            "properties": {"number": {"type": "string", "minLength": 3}},
        },
        "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
    },
}


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ("amount=5&card[number]=1234&live=true&lines[0][n]=1&tags[]=a&tags[]=b", None),
        ("amount=five&card[number]=1234", "amount"),
        ("amount=5&card[number]=12", "card.number"),
        ("amount=5", "card"),
        ("amount=5&card[number]=1234&lines[0][n]=x", "lines[0].n"),
        ("amount=5&card[number]=1234&tags[]=a&tags[]=b&tags[]=c", "tags"),
    ],
)
def test_forms_are_read_by_their_schemas(tmp_path: Path, form: str, wrong: str | None) -> None:
    api = make_echo_api(tmp_path, {"requestBody": json_request_body(FORM, "application/x-www-form-urlencoded")})
    response = api.request("POST", "/run", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == (400 if wrong else 200), response.text
    assert not wrong or [each["field"] for each in response.json["errors"]] == [wrong]


def test_multipart_forms_are_read_by_their_schemas(tmp_path: Path) -> None:
    api = make_echo_api(tmp_path, {"requestBody": json_request_body(FORM, "multipart/form-data")})
    assert (
        api.request(
            "POST", "/run", data={"amount": "5", "card[number]": "1234"}, content_type="multipart/form-data"
        ).status_code
        == 200
    )
    response = api.request(
        "POST", "/run", data={"amount": "x", "card[number]": "1234"}, content_type="multipart/form-data"
    )
    assert [each["field"] for each in response.json["errors"]] == ["amount"]


def test_a_media_type_that_is_not_declared_is_refused_with_415(tmp_path: Path) -> None:
    api = make_echo_api(tmp_path, {"requestBody": json_request_body(FORM)})
    assert api.request("POST", "/run", data="a", headers={"Content-Type": "text/csv"}).status_code == 415


NUMBERS = {"type": "array", "items": {"type": "integer"}}
OBJECT = {"type": "object", "properties": {"n": {"type": "integer"}}}
AS_JSON = {"application/json": {"schema": {"type": "object", "required": ["n"]}}}


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ({"name": "ids", "schema": NUMBERS}, "ids=1&ids=2", "ids=1&ids=b"),
        ({"name": "ids", "explode": False, "schema": NUMBERS}, "ids=1,2", "ids=1,b"),
        ({"name": "ids", "style": "pipeDelimited", "explode": False, "schema": NUMBERS}, "ids=1|2", "ids=1|b"),
        ({"name": "f", "style": "deepObject", "schema": OBJECT}, "f[n]=1", "f[n]=b"),
        ({"name": "f", "schema": OBJECT}, "n=1", "n=b"),
        ({"name": "f", "content": AS_JSON}, 'f={"n":1}', "f={}"),
        ({"name": "on", "schema": {"type": "boolean"}}, "on=true", "on=maybe"),
        ({"name": "day", "schema": {"type": "string", "format": "date"}}, "day=2026-01-31", "day=2026-02-31"),
        ({"name": "need", "required": True, "schema": {}}, "need=x", "other=x"),
    ],
)
def test_parameters_are_read_in_every_style(tmp_path: Path, parameter: dict[str, Any], good: str, bad: str) -> None:
    api = make_echo_api(tmp_path, {"parameters": [{"in": "query", **parameter}]})
    assert api.request("POST", f"/run?{good}").status_code == 200
    response = api.request("POST", f"/run?{bad}")
    assert response.status_code == 400
    assert response.json["errors"][0]["field"].startswith(parameter["name"])


def test_headers_and_cookies_are_validated(tmp_path: Path) -> None:
    parameters = [
        {"name": "X-Count", "in": "header", "required": True, "schema": {"type": "integer"}},
        {"name": "theme", "in": "cookie", "schema": {"enum": ["dark", "light"]}},
    ]
    api = make_echo_api(tmp_path, {"parameters": parameters})
    client = api.harness.app.test_client(use_cookies=False)

    def status(**headers: str) -> int:
        sent_headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/small/run", headers=sent_headers).status_code

    assert status(X_Count="5", Cookie="theme=dark") == 200
    assert status(X_Count="five") == status() == status(X_Count="5", Cookie="theme=blue") == 400
