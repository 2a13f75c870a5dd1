"""Declared resources: list, create, retrieve, update, delete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import (
    Call,
    Provider,
    Record,
    Reference,
    Reply,
    Resource,
    ResourceRules,
    VersionRules,
    as_json,
    etag,
)
from tests.support.acme import ACME, PlainDialect
from tests.support.harness import NOON, Harness, make_harness


class Shelf(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str


class NewShelf(BaseModel):
    name: str = Field(min_length=1)


class NewBook(BaseModel):
    title: str = Field(min_length=1)
    isbn: str | None = None
    shelf: str | None = None
    colour: str | None = None


class ChangedBook(BaseModel):
    title: str | None = Field(default=None, min_length=1)
    isbn: str | None = None
    shelf: str | None = None
    colour: str | None = None
    version: int | None = Field(default=None, alias="_version", exclude=True)


class Query(BaseModel):
    limit: int = Field(default=3, ge=1, le=50)
    cursor: str | None = None
    title: str | None = None
    colour: str | None = None
    shelf: str | None = None


class DeleteQuery(BaseModel):
    version: int | None = Field(default=None, alias="_version")


class RenderingDialect(PlainDialect):
    """Renders a record with its version as the entity tag."""

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        headers = [("Content-Type", "application/json"), ("ETag", etag(record["_version"]))]
        return Reply(status, headers, as_json(record))


def _references(record: Record) -> Iterator[Reference]:
    if record.get("shelf") is not None:
        yield "shelf", "shelves", record["shelf"]


def _used(call: Call, id: str) -> str | None:
    return "Books stand on it" if next(call.space.find("books", "shelf", id), None) else None


SHELVES = Resource(
    "shelf", "shelves", "/v1/shelves", "shelves", "shf_", lambda call: ResourceRules(), Shelf, create=NewShelf,
    query=Query, verbs=("list", "create", "delete"), describe_use=_used,
)  # fmt: skip
BOOKS = Resource(
    "book",
    "books",
    "/v1/books",
    "books",
    "bok_",
    lambda call: ResourceRules(),
    Shelf,
    create=NewBook,
    update=ChangedBook,
    query=Query,
    delete_query=DeleteQuery,
    unique_fields=lambda call: ("isbn",),
    indexes=("title", "isbn", "shelf", "colour"),
    prefix_filters=("title",),
    exact_filters=("colour", "shelf"),
    references=_references,
)


def _add_rules(rules: ResourceRules, call: Call) -> ResourceRules:
    return rules


def library(books: Resource = BOOKS) -> Provider:
    resources = (SHELVES, books)
    return replace(
        ACME,
        operations=tuple(op for resource in resources for op in resource.operations()),
        collections=tuple(c for resource in resources for c in resource.collections()),
        dialect=RenderingDialect(),
        idempotency=None,
        generate=lambda randomness, size, progress: {},
    )


@pytest.fixture
def harness() -> Harness:
    return make_harness(library())


def add(harness: Harness, **fields: Any) -> Any:
    response = harness.request("POST", "/v1/books", json={"title": "a", **fields})
    assert response.status_code == 201, response.text
    return response.json


def put(harness: Harness, book: Any, tag: str | None = None, **fields: Any) -> Any:
    headers = {"If-Match": tag or etag(book["_version"])}
    return harness.request("PUT", f"/v1/books/{book['id']}", json=fields, headers=headers)


def titles(harness: Harness, query: str = "limit=50") -> list[str]:
    return [book["title"] for book in harness.request("GET", f"/v1/books?{query}").json["data"]]


def test_a_resource_has_only_its_declared_verbs() -> None:
    names = [op.name for op in SHELVES.operations()]
    assert names == ["list_shelves", "create_shelf", "delete_shelf"]
    harness = make_harness(library())
    shelf = harness.request("POST", "/v1/shelves", json={"name": "a"}).json
    assert harness.request("GET", f"/v1/shelves/{shelf['id']}").status_code == 405
    assert harness.request("PUT", "/v1/shelves", json={}).headers["Allow"] == "GET, POST"


def test_operations_are_named_and_described() -> None:
    assert [(op.name, op.method, op.path, op.summary) for op in BOOKS.operations()] == [
        ("list_books", "GET", "/v1/books", "List books"),
        ("create_book", "POST", "/v1/books", "Create a book"),
        ("get_book", "GET", "/v1/books/{id}", "Get a book"),
        ("update_book", "PUT", "/v1/books/{id}", "Update a book"),
        ("delete_book", "DELETE", "/v1/books/{id}", "Delete a book"),
    ]


def test_a_record_can_be_created_retrieved_listed_changed_and_deleted(harness: Harness) -> None:
    book = add(harness, title="first")
    assert book == {
        "id": book["id"], "title": "first", "_version": 1, "_created": NOON, "_updated": NOON,
    }  # fmt: skip
    assert book["id"].startswith("bok_")
    assert harness.request("GET", f"/v1/books/{book['id']}").json == book
    assert titles(harness) == ["first"]
    harness.advance("60s")
    changed = put(harness, book, title="second").json
    assert changed == {**book, "title": "second", "_version": 2, "_updated": NOON + 60_000_000}
    gone = harness.request("DELETE", f"/v1/books/{book['id']}?_version=2")
    assert (gone.status_code, gone.json["_version"]) == (200, 3)
    assert harness.request("GET", f"/v1/books/{book['id']}").status_code == 404
    assert titles(harness) == []


def test_location_leads_to_the_new_record(harness: Harness) -> None:
    created = harness.request("POST", "/v1/books", json={"title": "a"})
    assert created.headers["Location"] == f"/acme/v1/books/{created.json['id']}"
    found = harness.app.test_client().get(
        created.headers["Location"], headers={"Authorization": f"Bearer {harness.key()}"}
    )
    assert found.json == created.json


def test_an_update_changes_only_the_given_fields(harness: Harness) -> None:
    book = add(harness, title="a", isbn="1", colour="red")
    assert put(harness, book, colour="blue").json | {"_version": 1} == {**book, "colour": "blue"}


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("id", ["bok_0000000000000000", "x", "shf_1", "%00", "..", "a" * 5000])
def test_an_unknown_record_is_a_404(harness: Harness, verb: str, id: str) -> None:
    response = harness.request(verb, f"/v1/books/{id}", json={"title": "a"}, headers={"If-Match": '"1"'})
    assert (response.status_code, len(response.text) < 400) == (404, True)


def test_no_two_records_share_a_unique_field(harness: Harness) -> None:
    first, second = add(harness, isbn="1"), add(harness, isbn="2")
    refused = harness.request("POST", "/v1/books", json={"title": "b", "isbn": "1"})
    assert (refused.status_code, refused.json["code"]) == (409, "duplicate")
    assert put(harness, second, isbn="1").status_code == 409
    assert put(harness, first, isbn="1").status_code == 200
    assert len(titles(harness)) == 2


def test_unique_values_are_compared_exactly_and_null_is_not_compared(harness: Harness) -> None:
    for isbn in ("ab", "AB", "\u00df", "ss", None, None):
        add(harness, isbn=isbn)
    assert len(titles(harness)) == 6


def test_a_freed_value_can_be_used_again(harness: Harness) -> None:
    book = add(harness, isbn="1")
    put(harness, book, isbn="2")
    again = add(harness, isbn="1")
    harness.request("DELETE", f"/v1/books/{again['id']}?_version=1")
    assert add(harness, isbn="1")["id"] not in (book["id"], again["id"])


def test_a_deleted_record_reserves_its_value_if_the_rules_say_so() -> None:
    harness = make_harness(library(replace(BOOKS, rules=lambda call: ResourceRules(deleted_reserve_names=True))))
    book = add(harness, isbn="1")
    harness.request("DELETE", f"/v1/books/{book['id']}?_version=1")
    assert harness.request("POST", "/v1/books", json={"title": "b", "isbn": "1"}).status_code == 409


def test_a_deleted_record_is_readable_if_the_rules_say_so() -> None:
    harness = make_harness(library(replace(BOOKS, rules=lambda call: ResourceRules(deleted_readable=True))))
    book = add(harness)
    harness.request("DELETE", f"/v1/books/{book['id']}?_version=1")
    assert harness.request("GET", f"/v1/books/{book['id']}").json["_version"] == 2
    assert titles(harness) == []
    assert put(harness, book, title="b", tag='"2"').status_code == 404


def test_a_reference_must_name_an_existing_record(harness: Harness) -> None:
    shelf = harness.request("POST", "/v1/shelves", json={"name": "s"}).json
    book = add(harness, shelf=shelf["id"])
    for response in (
        harness.request("POST", "/v1/books", json={"title": "b", "shelf": "shf_no"}),
        put(harness, book, shelf="shf_no"),
    ):
        assert (response.status_code, response.json["code"]) == (422, "unknown_reference")
    assert harness.request("GET", f"/v1/books/{book['id']}").json == book


def test_a_referenced_record_cannot_be_deleted(harness: Harness) -> None:
    shelf = harness.request("POST", "/v1/shelves", json={"name": "s"}).json
    book = add(harness, shelf=shelf["id"])
    path, match = f"/v1/shelves/{shelf['id']}", {"If-Match": '"1"'}
    refused = harness.request("DELETE", path, headers=match)
    assert (refused.status_code, refused.json["code"], refused.json["detail"]) == (409, "in_use", "Books stand on it")
    put(harness, book, shelf=None)
    assert harness.request("DELETE", path, headers=match).status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=50", ["Cb", "ab", "Ac", "aa"]),
        ("title=a", ["aa", "ab", "Ac"]),
        ("title=A", ["aa", "ab", "Ac"]),
        ("title=ab", ["ab"]),
        ("title=x", []),
        ("colour=red", ["ab", "aa"]),
        ("colour=Red", []),
        ("title=a&colour=red", ["aa", "ab"]),
        ("colour=", []),
    ],
)
def test_filters_match_a_prefix_or_exactly_and_order_the_list(
    harness: Harness, query: str, expected: list[str]
) -> None:
    for title, colour in (("aa", "red"), ("Ac", "blue"), ("ab", "red"), ("Cb", None)):
        add(harness, title=title, colour=colour)
    assert titles(harness, query) == expected


@pytest.mark.parametrize("query", ["", "title=b", "colour=red", "title=b&colour=red"])
def test_pages_of_a_filtered_list_have_every_record_once(harness: Harness, query: str) -> None:
    for nth in range(20):
        add(harness, title=f"b{nth % 7}", colour="red" if nth % 3 else "blue")
    whole = [book["id"] for book in harness.request("GET", f"/v1/books?limit=50&{query}").json["data"]]
    paged, following = [], ""
    while True:
        page = harness.request("GET", f"/v1/books?limit=3&{query}{following}").json
        paged += [book["id"] for book in page["data"]]
        if page["next"] is None:
            break
        following = f"&cursor={page['next']}"
    assert paged == whole
    assert len(whole) >= 13


def test_a_full_last_page_has_no_cursor(harness: Harness) -> None:
    for _ in range(3):
        add(harness)
    assert harness.request("GET", "/v1/books?limit=3").json["next"] is None


def test_filters_that_the_sandbox_does_not_support_are_ignored() -> None:
    harness = make_harness(library(replace(BOOKS, filters=lambda call: frozenset({"title"}))))
    add(harness, colour="red")
    assert titles(harness, "colour=blue") == ["a"]
    assert titles(harness, "title=x") == []


def test_refusals_do_not_change_the_version(harness: Harness) -> None:
    book = add(harness, isbn="1")
    add(harness, isbn="2")
    for version in range(1, 12):
        assert put(harness, book, tag=f'"{version + 1}"', title="x").status_code == 412
        assert put(harness, book, tag=f'"{version}"', title="").status_code == 400
        assert put(harness, book, tag=f'"{version}"', isbn="2").status_code == 409
        assert put(harness, book, tag=f'"{version}"', shelf="no").status_code == 422
        assert put(harness, book, tag=f'"{version}"', title=f"t{version}").json["_version"] == version + 1


def test_the_rules_decide_whether_version_or_fields_are_checked_first() -> None:
    for rules, status in ((ResourceRules(), 412), (ResourceRules(checks_fields_first=True), 400)):
        harness = make_harness(library(replace(BOOKS, rules=partial(_add_rules, rules))))
        assert put(harness, add(harness), tag='"9"', title="").status_code == status
        assert harness.request("PUT", "/v1/books/no", json={"title": ""}, headers={"If-Match": '"1"'}).status_code == (
            400 if rules.checks_fields_first else 404
        )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"title": "b", "_version": 1}, 200),
        ({"title": "b", "_version": 2}, 412),
        ({"title": "b"}, 428),
        ({"title": "", "_version": 2}, 412),
        ({"title": "", "_version": 1}, 400),
        ({"title": "b", "_version": "x"}, 428),
        ({"title": "b", "_version": None}, 428),
    ],
)
def test_the_version_may_be_in_the_body(harness: Harness, body: dict[str, Any], status: int) -> None:
    book = add(harness)
    assert harness.request("PUT", f"/v1/books/{book['id']}", json=body).status_code == status


def test_a_wildcard_matches_any_version_where_it_is_accepted() -> None:
    rules = ResourceRules(versions=VersionRules(wildcard="accepted"))
    harness = make_harness(library(replace(BOOKS, rules=lambda call: rules)))
    assert put(harness, add(harness), tag="*", title="b").json["_version"] == 2


def test_ids_depend_on_the_seed_and_are_never_reused() -> None:
    ids = []
    for _ in range(2):
        harness = make_harness(library())
        created_ids = []
        for _ in range(5):
            book = add(harness)
            harness.request("DELETE", f"/v1/books/{book['id']}?_version=1")
            created_ids.append(book["id"])
        ids.append(created_ids)
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 5


def test_a_refused_create_uses_no_id(harness: Harness) -> None:
    add(harness, isbn="1")
    harness.request("POST", "/v1/books", json={"title": "b", "isbn": "1"})
    other = make_harness(library())
    add(other, isbn="1")
    assert add(harness, isbn="2")["id"] == add(other, isbn="2")["id"]


def test_on_write_is_called_for_every_write() -> None:
    writes: list[tuple[str, Any]] = []
    listen = replace(BOOKS, on_write=lambda _, name, record: writes.append((name, record and record["_version"])))
    harness = make_harness(library(listen))
    book = add(harness)
    put(harness, book, title="b")
    put(harness, book, title="c")
    harness.request("DELETE", f"/v1/books/{book['id']}?_version=2")
    assert writes == [(book["id"], 1), (book["id"], 2), (book["id"], None)]


def test_every_operation_returns_its_declared_status(harness: Harness) -> None:
    declared = {op.name: op.status for op in BOOKS.operations()}
    created = harness.request("POST", "/v1/books", json={"title": "a"})
    book = created.json
    responses = {
        "create_book": created,
        "list_books": harness.request("GET", "/v1/books"),
        "get_book": harness.request("GET", f"/v1/books/{book['id']}"),
        "update_book": put(harness, book, title="b"),
        "delete_book": harness.request("DELETE", f"/v1/books/{book['id']}?_version=2"),
    }
    assert {name: response.status_code for name, response in responses.items()} == declared


@pytest.mark.parametrize(("query", "status"), [("", 428), ("?_version=1", 412), ("?_version=3", 412)])
def test_a_record_of_another_version_is_not_deleted(harness: Harness, query: str, status: int) -> None:
    book = put(harness, add(harness), title="b").json
    assert harness.request("DELETE", f"/v1/books/{book['id']}{query}").status_code == status
    assert titles(harness) == ["b"]
    assert harness.request("DELETE", f"/v1/books/{book['id']}?_version=2").status_code == 200
    assert titles(harness) == []


class ByIsbn(Query):
    isbn: str | None = None


def test_an_exact_filter_keeps_the_newest_first() -> None:
    harness = make_harness(library(replace(BOOKS, query=ByIsbn, unique_fields=lambda _at: ())))
    for title, isbn in (("a", "1"), ("b", "2"), ("c", "1"), ("d", "1")):
        add(harness, title=title, isbn=isbn)
    assert titles(harness, "limit=50&isbn=1") == ["d", "c", "a"]
    first = harness.request("GET", "/v1/books?limit=2&isbn=1").json
    assert titles(harness, f"limit=2&isbn=1&cursor={first['next']}") == ["a"]


def test_two_prefix_filters_must_both_match() -> None:
    prefix_filters = ("title", "isbn")
    harness = make_harness(
        library(replace(BOOKS, query=ByIsbn, prefix_filters=prefix_filters, unique_fields=lambda _at: ()))
    )
    for title, isbn in (("aa", "X1"), ("ab", "y1"), ("ac", None), ("b", "x1"), ("ad", "x")):
        add(harness, title=title, isbn=isbn)
    assert titles(harness, "limit=50&title=a&isbn=x") == ["aa", "ad"]
