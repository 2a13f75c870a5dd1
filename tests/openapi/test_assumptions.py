"""What no OpenAPI document says: every point is a setting that does something."""

from __future__ import annotations

from pathlib import Path

from tests.support.openapi_worlds import Own, answers, asks, document, library, written

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
SENT = {"type": "object", "properties": {"id": {"type": "integer"}}}
PAGE = {"name": "page", "in": "query", "schema": {"type": "integer"}}
PATHS = {
    "/things": {
        "get": {"parameters": [PAGE], "responses": answers({"type": "array", "items": THING})},
        "post": {"requestBody": asks(SENT), "responses": answers(THING, status="201")},
    },
    "/things/{id}": {"get": {"responses": answers(THING)}},
}


def test_client_ids_are_kept_or_replaced(tmp_path: Path) -> None:
    own = Own(written(tmp_path, document(PATHS)))
    assert own.ask("POST", "/things", json={"id": 77}).json["id"] == 77
    again = own.ask("POST", "/things", json={"id": 77})
    assert (again.status_code, again.json["errors"][0]["field"]) == (409, "id")
    own.assume(client_ids="replaced")
    assert own.ask("POST", "/things", json={"id": 77}).json["id"] not in (77, 1, 2, 3)


def test_parents_are_checked_or_ignored() -> None:
    own = library()
    assert own.ask("GET", "/authors/nobody/books").status_code == 404
    own.assume(parents="ignored")
    assert own.ask("GET", "/authors/nobody/books").json == []


def test_children_are_deleted_or_kept() -> None:
    own = library()
    first, second, _ = own.ask("GET", "/authors").json["data"]
    own.ask("DELETE", f"/authors/{first['id']}")
    assert len(own.kept("authors_books")) == 6
    own.assume(children="kept")
    own.ask("DELETE", f"/authors/{second['id']}")
    assert len(own.kept("authors_books")) == 6


def test_pages_are_as_long_as_is_assumed(tmp_path: Path) -> None:
    own = Own(written(tmp_path, document(PATHS, **{"x-testmode-seed": 30})))
    assert len(own.ask("GET", "/things").json) == 20
    own.assume(page_size=7)
    assert len(own.ask("GET", "/things").json) == 7


def test_lists_begin_with_the_oldest_or_the_newest(tmp_path: Path) -> None:
    own = Own(written(tmp_path, document(PATHS)))
    assert [each["id"] for each in own.ask("GET", "/things").json] == [1, 2, 3]
    own.assume(order="newest first")
    assert [each["id"] for each in own.ask("GET", "/things").json] == [3, 2, 1]
