"""The x-testmode extensions of OpenAPI documents: every extension has its effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi.document.extensions import EXTENSIONS
from tests.support.openapi_harness import (
    OpenApiHarness,
    document,
    json_request_body,
    json_responses,
    library,
    write_document,
)

THING: dict[str, Any] = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "label": {"type": "string"}, "parts": {"type": "string"}},
}
LISTED = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
REF = {"$ref": "#/components/schemas/Thing"}


def make_things_api(
    folder: Path, *, thing: Any = None, on_path: Any = None, on_post: Any = None, on_get: Any = None, **more: Any
) -> OpenApiHarness:
    paths = {
        "/things": {
            **(on_path or {}),
            "get": {**(on_get or {}), "responses": json_responses(LISTED)},
            "post": {
                **(on_post or {}),
                "requestBody": json_request_body(REF),
                "responses": json_responses(REF, status="201"),
            },
        },
        "/things/{ref}": {**(on_path or {}), "get": {"responses": json_responses(REF)}},
        **more.pop("paths", {}),
    }
    schemas = {"Thing": {**THING, **(thing or {})}, **more.pop("schemas", {})}
    return OpenApiHarness(write_document(folder, document(paths, components={"schemas": schemas}, **more)))


def test_name_sets_the_name_of_the_provider(tmp_path: Path) -> None:
    api = make_things_api(tmp_path, **{"x-testmode-name": "mine"})
    assert api.provider.name == "mine"
    assert api.request("GET", "/things").status_code == 200


def test_limits_are_applied(tmp_path: Path) -> None:
    api = make_things_api(tmp_path, **{"x-testmode-limits": {"quota": 2, "period": "1d"}})
    assert [api.request("GET", "/things").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("place", ["path", "schema"])
def test_id_names_the_property_with_the_id(tmp_path: Path, place: str) -> None:
    extension = {"x-testmode-id": "code"}
    api = (
        make_things_api(tmp_path, thing=extension)
        if place == "schema"
        else make_things_api(tmp_path, on_path=extension)
    )
    api.request("POST", "/things", json={"code": "K1", "label": "one"})
    assert api.request("GET", "/things/K1").json == {"code": "K1", "label": "one"}


def test_id_prefix_begins_new_ids(tmp_path: Path) -> None:
    thing = {
        "properties": {"id": {"type": "string", "readOnly": True}},
        "required": ["id"],
        "x-testmode-id-prefix": "th-",
    }
    api = make_things_api(tmp_path, thing=thing)
    assert api.request("POST", "/things", json={}).json["id"].startswith("th-")


def test_no_two_records_share_a_unique_property(tmp_path: Path) -> None:
    api = make_things_api(tmp_path, thing={"x-testmode-unique": ["label"]})
    assert api.request("POST", "/things", json={"code": "a", "label": "L"}).status_code == 201
    assert api.request("POST", "/things", json={"code": "b", "label": "L"}).status_code == 409


def test_a_reference_to_a_resource_must_name_an_existing_record(tmp_path: Path) -> None:
    part = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "thing": {"type": "string", "x-testmode-refers-to": "things"}},
    }
    paths = {
        "/parts": {"post": {"requestBody": json_request_body(part), "responses": json_responses(part, status="201")}},
        "/parts/{id}": {"get": {"responses": json_responses(part)}},
    }
    api = make_things_api(tmp_path, thing={"x-testmode-id": "code"}, paths=paths)
    api.request("POST", "/things", json={"code": "K1"})
    assert api.request("POST", "/parts", json={"thing": "K1"}).status_code == 201
    refused = api.request("POST", "/parts", json={"thing": "K2"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "thing")
    seeded = {each["code"] for each in api.stored_records("things")}
    assert {each["thing"] for each in api.stored_records("parts")} <= seeded


def test_resource_sets_the_name_of_the_resource(tmp_path: Path) -> None:
    api = make_things_api(tmp_path, on_path={"x-testmode-resource": "widgets"})
    assert len(api.stored_records("widgets")) == 3


def test_role_sets_what_an_operation_does(tmp_path: Path) -> None:
    find = {"get": {"x-testmode-role": "list", "x-testmode-resource": "things", "responses": json_responses(LISTED)}}
    api = make_things_api(tmp_path, paths={"/find": find}, on_post={"x-testmode-role": "none"})
    assert len(api.request("GET", "/find").json) == 3
    api.request("POST", "/things", json={"code": "new"})
    assert len(api.stored_records("things")) == 3


def test_a_role_needs_a_resource(tmp_path: Path) -> None:
    get = {"x-testmode-role": "list", "x-testmode-resource": "gone", "responses": json_responses(LISTED)}
    with pytest.raises(ValueError, match="x-testmode-role list needs a resource; known: things"):
        make_things_api(tmp_path, paths={"/find": {"get": get}})


@pytest.mark.parametrize(("style", "query"), [("page", "limit=2&page=2"), ("offset", "limit=2&offset=2")])
def test_paging_sets_the_style_of_paging(tmp_path: Path, style: str, query: str) -> None:
    api = make_things_api(tmp_path, on_get={"x-testmode-paging": style, "parameters": parameters("limit", style)})
    assert api.request("GET", f"/things?{query}").json == api.request("GET", "/things").json[2:]
    none = make_things_api(tmp_path, on_get={"x-testmode-paging": "none", "parameters": parameters("limit", style)})
    assert len(none.request("GET", f"/things?{query}").json) == 3


def parameters(*names: str) -> list[Any]:
    return [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in names]


@pytest.mark.parametrize("seed", [0, 7])
def test_seed_sets_the_number_of_records(tmp_path: Path, seed: int) -> None:
    assert len(make_things_api(tmp_path, **{"x-testmode-seed": seed}).stored_records("things")) == seed
    assert len(make_things_api(tmp_path, on_path={"x-testmode-seed": seed}).stored_records("things")) == seed


def create_twice(api: OpenApiHarness, header: str = "Idempotency-Key") -> tuple[Any, Any]:
    headers = {header: "k1"}
    return api.request("POST", "/things", json={"label": "L"}, headers=headers), api.request(
        "POST", "/things", json={"label": "L"}, headers=headers
    )


CREATE_SCHEMA = {"properties": {"code": {"type": "string", "readOnly": True}, "label": {"type": "string"}}}


@pytest.mark.parametrize("place", ["document", "operation"])
def test_idempotency_replays_the_response_to_a_repeated_request(tmp_path: Path, place: str) -> None:
    extension = {"x-testmode-idempotency": {"header": "X-Once", "lifetime": "1h"}}
    api = (
        make_things_api(tmp_path, thing=CREATE_SCHEMA, **extension)
        if place == "document"
        else make_things_api(tmp_path, thing=CREATE_SCHEMA, on_post=extension)
    )
    first, again = create_twice(api, "X-Once")
    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    api.harness.advance("1h")
    assert len(api.stored_records("things")) == 4
    create_twice(api, "X-Once")
    assert len(api.stored_records("things")) == 5


def test_idempotency_can_be_switched_off_for_an_operation(tmp_path: Path) -> None:
    api = make_things_api(
        tmp_path, thing=CREATE_SCHEMA, on_post={"x-testmode-idempotency": False}, **{"x-testmode-idempotency": {}}
    )
    create_twice(api)
    assert len(api.stored_records("things")) == 5


def test_a_header_parameter_enables_idempotency_too() -> None:
    api = library()
    options: Any = {"json": {"name": "Ada"}, "headers": {"Idempotency-Key": "k"}}
    assert api.request("POST", "/authors", **options).data == api.request("POST", "/authors", **options).data
    other = api.request("POST", "/authors", json={"name": "Bob"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json["error"]["code"]) == (422, "idempotency_mismatch")


def test_every_extension_is_tested_here() -> None:
    text = Path(__file__).read_text()
    assert [each.name for each in EXTENSIONS if f"x-testmode-{each.name}" not in text] == []
