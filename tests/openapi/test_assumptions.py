"""Every assumption about an OpenAPI document changes the behaviour of its provider."""

from __future__ import annotations

from pathlib import Path

from tests.support.openapi_harness import (
    OpenApiHarness,
    document,
    json_request_body,
    json_responses,
    library,
    write_document,
)

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
CREATE_BODY = {"type": "object", "properties": {"id": {"type": "integer"}}}
PAGE = {"name": "page", "in": "query", "schema": {"type": "integer"}}
PATHS = {
    "/things": {
        "get": {"parameters": [PAGE], "responses": json_responses({"type": "array", "items": THING})},
        "post": {"requestBody": json_request_body(CREATE_BODY), "responses": json_responses(THING, status="201")},
    },
    "/things/{id}": {"get": {"responses": json_responses(THING)}},
}


def test_client_ids_are_kept_or_replaced(tmp_path: Path) -> None:
    api = OpenApiHarness(write_document(tmp_path, document(PATHS)))
    assert api.request("POST", "/things", json={"id": 77}).json["id"] == 77
    again = api.request("POST", "/things", json={"id": 77})
    assert (again.status_code, again.json["errors"][0]["field"]) == (409, "id")
    api.set_assumptions(client_ids="replaced")
    assert api.request("POST", "/things", json={"id": 77}).json["id"] not in (77, 1, 2, 3)


def test_parents_are_checked_or_ignored() -> None:
    api = library()
    assert api.request("GET", "/authors/nobody/books").status_code == 404
    api.set_assumptions(parents="ignored")
    assert api.request("GET", "/authors/nobody/books").json == []


def test_children_are_deleted_or_kept() -> None:
    api = library()
    first, second, _ = api.request("GET", "/authors").json["data"]
    api.request("DELETE", f"/authors/{first['id']}")
    assert len(api.stored_records("authors_books")) == 6
    api.set_assumptions(children="kept")
    api.request("DELETE", f"/authors/{second['id']}")
    assert len(api.stored_records("authors_books")) == 6


def test_page_size_sets_the_length_of_a_page(tmp_path: Path) -> None:
    api = OpenApiHarness(write_document(tmp_path, document(PATHS, **{"x-testmode-seed": 30})))
    assert len(api.request("GET", "/things").json) == 20
    api.set_assumptions(page_size=7)
    assert len(api.request("GET", "/things").json) == 7


def test_lists_begin_with_the_oldest_or_the_newest(tmp_path: Path) -> None:
    api = OpenApiHarness(write_document(tmp_path, document(PATHS)))
    assert [each["id"] for each in api.request("GET", "/things").json] == [1, 2, 3]
    api.set_assumptions(order="newest first")
    assert [each["id"] for each in api.request("GET", "/things").json] == [3, 2, 1]
