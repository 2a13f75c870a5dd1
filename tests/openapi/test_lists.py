"""An API from a document: pages, filters and order of its lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.openapi_harness import OpenApiHarness, document, json_responses, library, write_document


@pytest.fixture
def api() -> OpenApiHarness:
    api = library()
    for nth in range(9):
        body = {"name": f"Author {nth}", "country": "FR" if nth % 3 else "DE", "born": 1900 - nth}
        assert api.request("POST", "/authors", json=body).status_code == 201
    return api


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["name"] for each in response.json["data"]]


def test_cursors_lead_through_all_pages_to_the_last(api: OpenApiHarness) -> None:
    seen: list[str] = []
    path = "/authors?limit=5"
    while path:
        page = api.request("GET", path)
        seen += names(page)
        following = page.json.get("next_cursor")
        assert page.json["has_more"] == (following is not None)
        path = f"/authors?limit=5&cursor={following}" if following else ""
    assert len(seen) == len(set(seen)) == 12


def test_a_cursor_stays_valid_when_records_are_created_and_deleted(api: OpenApiHarness) -> None:
    page = api.request("GET", "/authors?limit=5").json
    api.request("DELETE", f"/authors/{page['data'][-1]['id']}")
    api.request("POST", "/authors", json={"name": "Late"})
    rest = names(api.request("GET", f"/authors?limit=100&cursor={page['next_cursor']}"))
    assert len(rest) == 8
    assert rest[-1] == "Late"


def test_an_unknown_cursor_is_refused(api: OpenApiHarness) -> None:
    response = api.request("GET", "/authors?cursor=nonsense")
    assert (response.status_code, response.json["error"]["code"]) == (400, "invalid_cursor")


def test_the_default_page_size_is_that_of_the_document(api: OpenApiHarness) -> None:
    assert len(names(api.request("GET", "/authors"))) == 10


def test_query_parameters_named_like_fields_filter(api: OpenApiHarness) -> None:
    assert names(api.request("GET", "/authors?country=DE")) == ["Author 0", "Author 3", "Author 6"]


def test_a_list_is_sorted_by_a_field_either_way(api: OpenApiHarness) -> None:
    assert names(api.request("GET", "/authors?country=DE&sort=-name")) == ["Author 6", "Author 3", "Author 0"]
    assert names(api.request("GET", "/authors?country=DE&sort=born")) == ["Author 6", "Author 3", "Author 0"]


def test_numbered_pages_have_the_total_and_the_next_page_in_headers(api: OpenApiHarness) -> None:
    id = api.request("GET", "/authors").json["data"][-1]["id"]
    for nth in range(5):
        genre = "novel" if nth % 2 else "poetry"
        api.request("POST", f"/authors/{id}/books", json={"title": f"Book {nth}", "genre": genre})
    response = api.request("GET", f"/authors/{id}/books?page=2&per_page=2")
    assert [each["title"] for each in response.json] == ["Book 2", "Book 3"]
    assert response.headers["X-Total-Count"] == "5"
    assert "page=3" in response.headers["Link"]
    assert "per_page=2" in response.headers["Link"]
    last = api.request("GET", f"/authors/{id}/books?page=3&per_page=2")
    assert len(last.json) == 1
    assert "Link" not in last.headers
    chosen = api.request("GET", f"/authors/{id}/books?genre=novel,essay")
    assert [each["title"] for each in chosen.json] == ["Book 1", "Book 3"]


THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("limit=2", "limit=2&offset=2", ["limit", "offset"]),
        ("count=2", "count=2&skip=2", ["count", "skip"]),
        ("pageSize=2&page=0", "pageSize=2&page=1", ["pageSize", "page"]),
        ("size=2&pageNumber=1", "size=2&pageNumber=2", ["size", "pageNumber"]),
        ("limit=2", "limit=2&starting_after=2", ["limit", "starting_after"]),
        ("max_results=2", "max_results=2&after=2", ["max_results", "after"]),
    ],
)
def test_paging_is_inferred_from_the_names_of_parameters(
    tmp_path: Path, first: str, second: str, names: list[str]
) -> None:
    zero = "page=0" in first
    parameters = [
        {
            "name": each,
            "in": "query",
            "schema": {"type": "integer", **({"default": 0} if zero and each == "page" else {})},
        }
        for each in names
    ]
    listed = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": THING},
            "total": {"type": "integer"},
            "pagination": {
                "type": "object",
                "properties": {"offset": {"type": "integer"}, "limit": {"type": "integer"}},
            },
        },
    }
    paths = {
        "/things": {"x-testmode-seed": 5, "get": {"parameters": parameters, "responses": json_responses(listed)}},
        "/things/{id}": {"get": {"responses": json_responses(THING)}},
    }
    api = OpenApiHarness(write_document(tmp_path, document(paths)))
    one, two = api.request("GET", f"/things?{first}").json, api.request("GET", f"/things?{second}").json
    assert [each["id"] for each in (*one["items"], *two["items"])] == [1, 2, 3, 4]
    assert (one["total"], one["pagination"]) == (5, {"offset": 0, "limit": 2})
    assert two["pagination"]["offset"] == 2
