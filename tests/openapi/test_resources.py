"""An API from a document: records are created, read, changed, listed and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi.serving.spec_model import load_spec_model
from tests.support.openapi_harness import (
    JSON,
    OpenApiHarness,
    document,
    json_request_body,
    json_responses,
    library,
    write_document,
)
from tests.support.paths import OPENAPI_DOCUMENTS


@pytest.fixture
def api() -> OpenApiHarness:
    return library()


def create_record(api: OpenApiHarness, **fields: object) -> dict[str, object]:
    response = api.request("POST", "/authors", json={"name": "Ada", **fields})
    assert response.status_code == 201, response.text
    return dict(response.json)


def test_a_created_record_can_be_read_and_listed(api: OpenApiHarness) -> None:
    author = create_record(api, born=1815)
    assert api.request("GET", f"/authors/{author['id']}").json == author
    assert author in api.request("GET", "/authors?limit=100").json["data"]


def test_new_ids_look_like_the_example_and_numbers_increase(api: OpenApiHarness) -> None:
    author = create_record(api)
    assert str(author["id"]).startswith("aut_")
    assert len(str(author["id"])) == len("aut_9f8e7d6c5b4a")
    ids = [api.request("POST", f"/authors/{author['id']}/books", json={"title": "T"}).json["id"] for _ in range(3)]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]


def test_the_server_sets_read_only_properties_and_defaults(api: OpenApiHarness) -> None:
    author = create_record(api, id="mine", created_at="2001-01-01T00:00:00Z")
    assert author["id"] != "mine"
    assert str(author["created_at"]).startswith("2026-03-01T12:00:00")
    assert author["country"] == "NL"
    assert "born" not in author


def test_write_only_properties_are_stored_and_not_returned(api: OpenApiHarness) -> None:
    author = create_record(api, secret="hush")
    assert "secret" not in author
    assert "secret" not in api.request("GET", f"/authors/{author['id']}").json
    assert "hush" in [each.get("secret") for each in api.stored_records("authors")]


def test_put_replaces_all_properties_that_clients_can_write(api: OpenApiHarness) -> None:
    author = create_record(api, born=1815, country="UK")
    api.harness.advance("1h")
    response = api.request("PUT", f"/authors/{author['id']}", json={"name": "Augusta"})
    assert response.status_code == 200
    assert response.json == {**{k: author[k] for k in ("id", "created_at")}, "name": "Augusta", "country": "NL"} | {
        "updated_at": response.json["updated_at"]
    }
    assert response.json["updated_at"].startswith("2026-03-01T13:00:00")


def test_patch_merges_and_null_removes(api: OpenApiHarness) -> None:
    author = create_record(api, born=1815, country="UK")
    path, kind = f"/authors/{author['id']}", "application/merge-patch+json"
    response = api.request("PATCH", path, data=b'{"born": null, "name": "Augusta"}', headers={"Content-Type": kind})
    assert (response.json["name"], response.json["country"]) == ("Augusta", "UK")
    assert "born" not in api.request("GET", path).json


def test_a_deleted_record_is_gone_with_its_children(api: OpenApiHarness) -> None:
    author = create_record(api)
    book = api.request("POST", f"/authors/{author['id']}/books", json={"title": "Notes"}).json
    before = len(api.stored_records("authors_books"))
    response = api.request("DELETE", f"/authors/{author['id']}")
    assert (response.status_code, response.data) == (204, b"")
    assert api.request("GET", f"/authors/{author['id']}").status_code == 404
    assert api.request("DELETE", f"/authors/{author['id']}").status_code == 404
    assert api.request("GET", f"/authors/{author['id']}/books/{book['id']}").status_code == 404
    assert len(api.stored_records("authors_books")) == before - 1


def test_children_belong_to_one_existing_parent(api: OpenApiHarness) -> None:
    ada, bob = create_record(api), create_record(api)
    book = api.request("POST", f"/authors/{ada['id']}/books", json={"title": "Notes"}).json
    assert book["author_id"] == ada["id"]
    assert api.request("GET", f"/authors/{ada['id']}/books").json == [book]
    assert api.request("GET", f"/authors/{bob['id']}/books").json == []
    assert api.request("GET", f"/authors/{bob['id']}/books/{book['id']}").status_code == 404
    assert api.request("POST", "/authors/nobody/books", json={"title": "Notes"}).status_code == 404


def test_a_singleton_can_be_read_before_it_is_written(api: OpenApiHarness) -> None:
    first = api.request("GET", "/settings").json
    assert api.request("GET", "/settings").json == first
    changed = api.request("PATCH", "/settings", json={"theme": "dark", "size": 12}).json
    assert api.request("GET", "/settings").json == changed
    assert (changed["theme"], changed["size"]) == ("dark", 12)


def test_an_action_on_a_record_returns_the_record(api: OpenApiHarness) -> None:
    author = create_record(api)
    book = api.request("POST", f"/authors/{author['id']}/books", json={"title": "Notes"}).json
    auth = {"Authorization": f"Bearer {api.harness.key()}"}
    assert api.request("POST", f"/authors/{author['id']}/books/{book['id']}/reserve", headers=auth).json == book
    assert api.request("POST", f"/authors/{author['id']}/books/999/reserve", headers=auth).status_code == 404


def test_the_seed_data_is_consistent(api: OpenApiHarness) -> None:
    authors = api.request("GET", "/authors").json["data"]
    assert len(authors) == 3
    for author in authors:
        books = api.request("GET", f"/authors/{author['id']}/books").json
        assert len(books) == 3
        assert {book["author_id"] for book in books} == {author["id"]}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    one, other = library(), library()
    assert one.request("GET", "/authors").data == other.request("GET", "/authors").data
    assert one.request("GET", "/report").data == other.request("GET", "/report").data
    another = one.harness.admin("POST", "/sandboxes", {"provider": "library", "seed": "2"}).json
    key = {"X-Token": another["keys"][0]["secret"]}
    assert one.request("GET", "/authors", headers=key).data != one.request("GET", "/authors").data


def test_restoring_a_snapshot_removes_newer_records(api: OpenApiHarness) -> None:
    api.harness.admin("PUT", f"{api.sandbox}/snapshots/before")
    author = create_record(api)
    api.harness.admin("POST", f"{api.sandbox}/snapshots/before/restore")
    assert api.request("GET", f"/authors/{author['id']}").status_code == 404


def test_put_without_an_id_in_the_path_changes_the_record_named_in_the_body(tmp_path: Path) -> None:
    pets = OpenApiHarness(OPENAPI_DOCUMENTS / "petstore.json")
    auth = {"Authorization": f"Bearer {pets.harness.key()}", "Accept": "application/json"}
    response = pets.request("PUT", "/pet", json={"id": 2, "name": "Rex", "photoUrls": []}, headers=auth)
    assert response.status_code < 300
    assert [each["name"] for each in pets.stored_records("pet") if each["id"] == 2] == ["Rex"]


THING = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "format": "uuid"}, "n": {"type": "integer"}},
}


@pytest.mark.parametrize("wrapper", ["data", "thing", None])
def test_records_in_an_envelope_are_stored_and_returned(tmp_path: Path, wrapper: str | None) -> None:
    schema = {"type": "object", "required": [wrapper], "properties": {wrapper: THING}} if wrapper else THING
    listed = {
        "type": "object",
        "properties": {"things": {"type": "array", "items": THING}, "total": {"type": "integer"}},
    }
    spec = document(
        {
            "/things": {
                "get": {"responses": json_responses(listed)},
                "post": {"requestBody": json_request_body(schema), "responses": json_responses(schema, status="201")},
            },
            "/things/{id}": {"get": {"responses": json_responses(schema)}},
        }
    )
    api = OpenApiHarness(write_document(tmp_path, spec))
    body = (
        {wrapper: {"id": "0b0e4ae0-7c3c-4f4e-9a40-2f2f6a1f2b3c", "n": 7}}
        if wrapper
        else {"id": "0b0e4ae0-7c3c-4f4e-9a40-2f2f6a1f2b3c", "n": 7}
    )
    response = api.request("POST", "/things", json=body)
    assert response.json == body
    assert api.request("GET", "/things/0b0e4ae0-7c3c-4f4e-9a40-2f2f6a1f2b3c").json == body
    page = api.request("GET", "/things").json
    assert page["total"] == 4
    assert page["things"][-1]["n"] == 7


def test_put_creates_a_record_where_201_is_declared(tmp_path: Path) -> None:
    one = {
        "get": {"responses": json_responses(THING)},
        "put": {
            "requestBody": json_request_body(THING),
            "responses": json_responses(THING) | json_responses(THING, status="201"),
        },
    }
    api = OpenApiHarness(write_document(tmp_path, document({"/things/{id}": one})))
    id = "0b0e4ae0-7c3c-4f4e-9a40-2f2f6a1f2b3c"
    assert api.request("PUT", f"/things/{id}", json={"id": id, "n": 1}).status_code == 201
    assert api.request("PUT", f"/things/{id}", json={"id": id, "n": 2}).status_code == 200
    assert api.request("GET", f"/things/{id}").json == {"id": id, "n": 2}


def test_operations_without_inferred_behaviour_are_noted() -> None:
    model = load_spec_model(OPENAPI_DOCUMENTS / "library.yaml")
    notes = OpenApiHarness(OPENAPI_DOCUMENTS / "library.yaml").provider.notes
    assert notes == (
        "GET /report: responses are generated, without state",
        "POST /authors/{authorId}/books/{bookId}/reserve: returns the record, changed by the request body",
    )
    assert len(model.inferred.roles) + 1 == len(model.document.operations)


def test_an_id_may_be_a_number_in_the_path_and_text_in_the_record(tmp_path: Path) -> None:
    thread = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    number = {"name": "thread_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    paths = {
        "/threads": {"get": {"responses": json_responses({"type": "array", "items": thread})}},
        "/threads/{thread_id}": {"get": {"parameters": [number], "responses": json_responses(thread)}},
    }
    api = OpenApiHarness(write_document(tmp_path, document(paths)))
    assert api.request("GET", "/threads").json == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
    assert api.request("GET", "/threads/2").json == {"id": "2"}


def make_api(folder: Path, paths: Any) -> OpenApiHarness:
    return OpenApiHarness(write_document(folder, document(paths)))


PLACE = {"type": "object", "properties": {"theme": {"type": "string"}, "size": {"type": "integer"}}}


def test_on_a_singleton_put_removes_omitted_properties_and_patch_keeps_them(tmp_path: Path) -> None:
    one = {
        "get": {"responses": json_responses(PLACE)},
        "put": {"requestBody": json_request_body(PLACE), "responses": json_responses(PLACE)},
        "patch": {"requestBody": json_request_body(PLACE), "responses": json_responses(PLACE)},
    }
    api = make_api(tmp_path, {"/settings": one, "/layout": one})
    other = api.request("GET", "/layout").json
    assert api.request("PUT", "/settings", json={"theme": "dark", "size": 12}).json == {"theme": "dark", "size": 12}
    assert api.request("PATCH", "/settings", json={"size": 13}).json == {"theme": "dark", "size": 13}
    assert api.request("PUT", "/settings", json={"size": 14}).json == {"size": 14}
    assert api.request("GET", "/settings").json == {"size": 14}
    assert api.request("GET", "/layout").json == other


def test_a_record_with_an_id_and_a_data_object_is_not_an_envelope(tmp_path: Path) -> None:
    data_schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    event = {
        "type": "object",
        "required": ["id", "data"],
        "properties": {"id": {"type": "string"}, "data": data_schema},
    }
    paths = {
        "/events": {
            "get": {"responses": json_responses({"type": "array", "items": event})},
            "post": {"requestBody": json_request_body(event), "responses": json_responses(event, status="201")},
        },
        "/events/{id}": {"get": {"responses": json_responses(event)}},
    }
    api = make_api(tmp_path, paths)
    created = api.request("POST", "/events", json={"id": "evt_mine", "data": {"n": 7}}).json
    assert created == {"id": "evt_mine", "data": {"n": 7}}
    assert api.request("GET", "/events/evt_mine").json == created
    assert api.request("GET", "/events").json[-1] == created


def test_an_object_that_can_only_be_read_is_not_a_resource(tmp_path: Path) -> None:
    api = make_api(tmp_path, {"/status": {"get": {"responses": json_responses(PLACE)}}})
    assert api.provider.notes == ("GET /status: responses are generated, without state",)
    assert api.request("GET", "/status").status_code == 200


@pytest.mark.parametrize("kind", [["array", "null"], "array"])
def test_a_list_in_an_envelope_may_be_nullable(tmp_path: Path, kind: object) -> None:
    listed = {"type": "object", "properties": {"data": {"type": kind, "items": THING}, "total": {"type": "integer"}}}
    paths = {
        "/things": {
            "get": {"responses": json_responses(listed)},
            "post": {"requestBody": json_request_body(THING), "responses": json_responses(THING, status="201")},
        },
        "/things/{id}": {
            "get": {"responses": json_responses(THING)},
            "delete": {"responses": {"204": {"description": ""}}},
        },
    }
    file = write_document(tmp_path, document(paths) | {"openapi": "3.1.0"})
    api = OpenApiHarness(file)
    created = api.request("POST", "/things", json={"id": "0b0e4ae0-7c3c-4f4e-9a40-2f2f6a1f2b3c", "n": 7}).json
    page = api.request("GET", "/things").json
    assert (len(page["data"]), page["data"][-1], page["total"]) == (4, created, 4)
    assert api.request("DELETE", f"/things/{created['id']}").status_code == 204
    assert api.request("GET", "/things").json["data"] == page["data"][:-1]


def test_a_nullable_list_of_openapi_3_0_is_a_list(tmp_path: Path) -> None:
    listed = {"type": "object", "properties": {"data": {"type": "array", "nullable": True, "items": THING}}}
    paths = {
        "/things": {"get": {"responses": json_responses(listed)}},
        "/things/{id}": {"get": {"responses": json_responses(THING)}},
    }
    assert len(make_api(tmp_path, paths).request("GET", "/things").json["data"]) == 3


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "DELETE"])
def test_changing_one_record_keeps_the_others_and_their_children(api: OpenApiHarness, verb: str) -> None:
    ada, bob = create_record(api, born=1815), create_record(api, born=1900)
    book = api.request("POST", f"/authors/{bob['id']}/books", json={"title": "Notes"}).json
    before = [each for each in api.stored_records("authors") if each["id"] != ada["id"]]
    kind = {"Content-Type": "application/merge-patch+json"} if verb == "PATCH" else {}
    body = {} if verb == "DELETE" else {"data": b'{"name":"Augusta"}', "headers": kind or {"Content-Type": JSON}}
    assert api.request(verb, f"/authors/{ada['id']}", **body).status_code in (200, 204)
    assert [each for each in api.stored_records("authors") if each["id"] != ada["id"]] == before
    assert api.request("GET", f"/authors/{bob['id']}/books").json == [book]
