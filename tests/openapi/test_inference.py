"""Inference from a document: the resources, the roles of operations, and the envelopes of records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi.inference.resources import InferenceResult, InferredResource, envelope_names, singularize
from mockserver.openapi.inference.shapes import Shape, success_response
from mockserver.openapi.serving.spec_model import load_spec_model
from tests.support.openapi_harness import document, json_request_body, json_responses, write_document

THING: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}
LISTED = {"type": "array", "items": THING}
READ, LIST = {"get": {"responses": json_responses(THING)}}, {"get": {"responses": json_responses(LISTED)}}
DELETE_OPERATION = {"responses": {"204": {"description": "Gone"}}}


def infer(folder: Path, paths: Any) -> InferenceResult:
    return load_spec_model(write_document(folder, document(paths))).inferred


def roles_by_title(result: InferenceResult) -> dict[str, str]:
    return {role.operation.title: role.verb for role in result.roles.values()}


def change_operation(**more: Any) -> dict[str, Any]:
    return {"requestBody": json_request_body(THING), "responses": json_responses(THING), **more}


@pytest.mark.parametrize("order", [1, -1])
def test_each_method_has_its_role_in_any_order_of_paths_and_methods(tmp_path: Path, order: int) -> None:
    one = {**READ, "put": change_operation(), "patch": change_operation(), "delete": DELETE_OPERATION}
    many = {**LIST, "post": {"requestBody": json_request_body(THING), "responses": json_responses(THING, status="201")}}
    paths = {"/things": dict(list(many.items())[::order]), "/things/{id}": dict(list(one.items())[::order])}
    found = infer(tmp_path, dict(list(paths.items())[::order]))
    assert list(found.resources) == ["things"]
    assert roles_by_title(found) == {
        "GET /things": "list",
        "POST /things": "create",
        "GET /things/{id}": "retrieve",
        "PUT /things/{id}": "replace",
        "PATCH /things/{id}": "merge",
        "DELETE /things/{id}": "delete",
    }


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_one_operation_that_changes_a_record_is_enough_for_a_resource(tmp_path: Path, method: str) -> None:
    operation = DELETE_OPERATION if method == "delete" else change_operation()
    assert list(infer(tmp_path, {"/things/{id}": {method: operation}}).resources) == ["things"]
    assert list(infer(tmp_path, {"/things/{id}": {"post": change_operation()}}).resources) == []


@pytest.mark.parametrize(("method", "single"), [("put", True), ("patch", True), ("delete", False), ("post", False)])
def test_a_singleton_can_be_read_and_changed(tmp_path: Path, method: str, single: bool) -> None:
    operation = DELETE_OPERATION if method == "delete" else change_operation()
    found = infer(tmp_path, {"/settings": {**READ, method: operation}})
    assert [each.is_singleton for each in found.resources.values()] == [True] * single


def test_a_list_is_a_resource_only_if_records_can_be_created(tmp_path: Path) -> None:
    assert list(infer(tmp_path, {"/things": LIST}).resources) == []
    both = {**LIST, "post": {"requestBody": json_request_body(THING), "responses": json_responses(THING, status="201")}}
    (resource,) = infer(tmp_path, {"/things": both}).resources.values()
    assert (resource.is_singleton, resource.id_parameter) == (False, "id")


@pytest.mark.parametrize(("role", "verb"), [("list", "list"), ("create", "create"), ("none", None)])
def test_a_declared_role_belongs_to_the_nearest_resource_above(tmp_path: Path, role: str, verb: str | None) -> None:
    paths = {
        "/shops/{shop}/things": LIST,
        "/shops/{shop}/things/{id}": READ,
        "/shops/{shop}/things/{id}/do/it": {"post": {**change_operation(), "x-testmode-role": role}},
        "/others": LIST,
        "/others/{id}": READ,
    }
    found = infer(tmp_path, paths)
    (role_found,) = [each for each in [*found.roles.values(), None] if each is None or "do/it" in each.operation.path][
        :1
    ]
    assert (role_found and role_found.verb, role_found and role_found.resource.name) == (
        verb,
        "shops_things" if verb else None,
    )


def test_resources_with_the_same_name_get_numbers(tmp_path: Path) -> None:
    found = infer(tmp_path, {"/a-b": LIST, "/a-b/{id}": READ, "/a.b": LIST, "/a.b/{id}": READ, "/{id}": READ})
    assert sorted(found.resources) == ["a_b", "a_b_1", "root"]


@pytest.mark.parametrize(
    ("many", "one"),
    [
        *(("companies", "company"), ("addresses", "address"), ("boxes", "box"), ("branches", "branch")),
        *(("dishes", "dish"), ("things", "thing"), ("status", "status"), ("glass", "glass"), ("basis", "basis")),
        *(("houses", "house"), ("thing", "thing"), ("s", "")),
    ],
)
def test_names_are_singularized(many: str, one: str) -> None:
    assert singularize(many) == one


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("things", ("thing", "things", "thing")),
        ("shops_things", ("shops_thing", "shops_things", "thing")),
        ("a_shops_things", ("a_shops_thing", "a_shops_things", "thing")),
        ("v1_a_shops_things", ("thing", "things", "thing")),
    ],
)
def test_an_envelope_is_named_after_the_resource_or_the_last_word_of_its_name(
    name: str, words: tuple[str, ...]
) -> None:
    assert envelope_names(InferredResource(name, f"/{name}", (), "id")) == words


@pytest.mark.parametrize(
    ("wrapper", "body", "inside"),
    [(None, {"n": 1}, {"n": 1}), ("data", {"data": 1, "n": 2}, 1), ("data", {}, None), ("data", [1], None)],
)
def test_a_record_is_unwrapped_from_its_body(wrapper: str | None, body: Any, inside: Any) -> None:
    assert Shape(True, wrapper).unwrap(body) == inside
    assert Shape(True, wrapper).unwrap(Shape(True, wrapper).wrap(inside)) == inside


@pytest.mark.parametrize(("extra_members", "wrapped"), [(0, True), (5, True), (6, False)])
def test_an_envelope_has_at_most_six_members(tmp_path: Path, extra_members: int, wrapped: bool) -> None:
    members = {f"m{nth}": {"type": "string"} for nth in range(extra_members)}
    schema = {"type": "object", "properties": {"data": THING, **members}}
    found = infer(tmp_path, {"/things": LIST, "/things/{id}": {"get": {"responses": json_responses(schema)}}})
    (role,) = [each for each in found.roles.values() if each.verb == "retrieve"]
    assert role.response_shape is not None
    assert role.response_shape.wrapper == ("data" if wrapped else None)


@pytest.mark.parametrize(
    ("parameter", "properties", "field"),
    [
        *(("code", ["id", "code"], "code"), ("thingCode", ["id", "code"], "code"), ("thing_id", ["id", "name"], "id")),
        *(("my_thing_number", ["id", "number"], "number"), ("number", ["number", "id"], "number")),
        *(("thing", ["n", "code"], "code"), ("thing", ["n", "slug", "name"], "slug"), ("ref", ["n", "code"], None)),
        *(("ref", ["code", "_id"], "_id"), ("ref", ["code", "id"], "id"), ("refname", ["code", "name"], "name")),
        *(("ref", ["uuid", "thingId"], "thingId"), ("ref", ["thing_uuid"], "thing_uuid")),
        *(("ref", ["thing_key"], "thing_key"), ("ref", ["n", "guid", "uuid"], "uuid"), ("ref", ["n", "guid"], "guid")),
        *(("ref", [], None), ("thing", ["n"], None), ("thing", [""], None)),
    ],
)
def test_the_id_property_is_the_one_that_the_path_names(
    tmp_path: Path, parameter: str, properties: list[str], field: str | None
) -> None:
    schema = {"type": "object", "properties": {each: {"type": "string"} for each in properties}}
    read = {"get": {"responses": json_responses(schema if properties else {"type": "object", "properties": {"n": {}}})}}
    (resource,) = infer(tmp_path, {f"/things/{{{parameter}}}": read}).resources.values()
    assert resource.id_field == field


@pytest.mark.parametrize("parameter", ["s_id", "id"])
def test_a_resource_without_a_singular_name_has_an_id_too(tmp_path: Path, parameter: str) -> None:
    (resource,) = infer(tmp_path, {f"/s/{{{parameter}}}": READ}).resources.values()
    assert resource.id_field == "id"


TEXT, SHORT_TEXT, NUMBER = {"type": "string"}, {"type": "string", "maxLength": 9}, {"type": "integer"}


def in_path(schema: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "id", "in": "path", "required": True, "schema": schema}]}


@pytest.mark.parametrize(
    ("property_schema", "first", "second", "expected"),
    [
        (TEXT, SHORT_TEXT, NUMBER, {"allOf": [TEXT, SHORT_TEXT]}),
        (TEXT, NUMBER, TEXT, NUMBER),
        (NUMBER, TEXT, NUMBER, TEXT),
        ({}, NUMBER, TEXT, {"allOf": [{}, NUMBER]}),
        (None, SHORT_TEXT, NUMBER, SHORT_TEXT),
    ],
)
def test_an_id_is_valid_for_its_property_and_for_the_first_path_parameter(
    tmp_path: Path, property_schema: Any, first: Any, second: Any, expected: Any
) -> None:
    properties = {"n": {"type": "integer"}} | ({} if property_schema is None else {"id": property_schema})
    schema = {"type": "object", "properties": properties}
    one = {
        "get": {"responses": json_responses(schema), **in_path(first)},
        "delete": {**DELETE_OPERATION, **in_path(second)},
    }
    (resource,) = infer(tmp_path, {"/things/{id}": one}).resources.values()
    assert resource.id_schema == expected


def test_an_id_that_no_schema_describes_may_be_any_value(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    both = {
        "get": {"responses": json_responses({"type": "array", "items": schema})},
        "post": {"requestBody": json_request_body(schema), "responses": json_responses(schema, status="201")},
    }
    (resource,) = infer(tmp_path, {"/things": both}).resources.values()
    assert resource.id_schema is True
    assert resource.id_field is None


OTHER: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "m": {"type": "integer"}}}


def test_without_a_response_schema_the_first_request_body_is_the_schema(tmp_path: Path) -> None:
    no_content = {"responses": {"204": {"description": "Done"}}}
    one = {
        "put": {"requestBody": json_request_body(THING), **no_content},
        "patch": {"requestBody": json_request_body(OTHER), **no_content},
    }
    (resource,) = infer(tmp_path, {"/things/{id}": one}).resources.values()
    assert (resource.schema, resource.writable) == (THING, frozenset({"id", "n", "m"}))
    (resource,) = infer(tmp_path, {"/things/{id}": {"delete": no_content}}).resources.values()
    assert (resource.schema, resource.writable) == (True, frozenset())


def test_a_response_schema_is_preferred_to_a_request_body_and_to_a_list(tmp_path: Path) -> None:
    listed = {"type": "array", "items": OTHER}
    paths = {
        "/things": {"get": {"responses": json_responses(listed)}},
        "/things/{id}": {**READ, "put": {"requestBody": json_request_body(OTHER), "responses": json_responses(OTHER)}},
    }
    (resource,) = infer(tmp_path, paths).resources.values()
    assert resource.schema == THING


def test_writable_properties_come_from_operations_that_create_or_change_records(tmp_path: Path) -> None:
    read_only = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}, "n": {"type": "integer"}}}
    paths = {
        "/things": {**LIST, "post": {"responses": json_responses(THING, status="201")}},
        "/things/{id}": {
            **READ,
            "patch": {"requestBody": json_request_body(read_only), "responses": json_responses(THING)},
            "delete": {**DELETE_OPERATION, "requestBody": json_request_body(OTHER)},
        },
        "/things/{id}/publish": {"post": {"requestBody": json_request_body(OTHER), "responses": json_responses(THING)}},
    }
    found = infer(tmp_path, paths)
    assert roles_by_title(found)["POST /things/{id}/publish"] == "act"
    (resource,) = found.resources.values()
    assert resource.writable == {"n"}


@pytest.mark.parametrize(
    ("paths", "role"),
    [
        # Next to records that are only listed, only read, or neither.
        ({"/things": LIST, "/things/{id}": {"delete": DELETE_OPERATION}}, ("list", "act")),
        ({"/things": {"post": change_operation()}, "/things/{id}": READ}, ("list", "act")),
        ({"/things": {"get": {"responses": json_responses({"type": "array", "items": OTHER})}}, "/things/{id}": READ},
         ("list", "act")),
        ({"/things/{id}": {"delete": DELETE_OPERATION}}, (None, None)),
    ],
)  # fmt: skip
def test_operations_on_paths_below_belong_to_the_resource_if_they_return_its_records(
    tmp_path: Path, paths: Any, role: tuple[str | None, str | None]
) -> None:
    below = {"/things/recent": LIST, "/things/{id}/publish": {"post": change_operation()}}
    other_schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    unrelated = {
        "/things/other": {"get": {"responses": json_responses({"type": "array", "items": other_schema})}},
        "/things/{id}/other": {
            "post": {"requestBody": json_request_body(other_schema), "responses": json_responses(other_schema)}
        },
        "/things/{id}/look": {"get": {"responses": json_responses(other_schema)}},
    }
    found = roles_by_title(infer(tmp_path, {**paths, **below, **unrelated}))
    assert (found.get("GET /things/recent"), found.get("POST /things/{id}/publish")) == role
    assert not [title for title in found if title.endswith(("other", "look"))]


@pytest.mark.parametrize(
    ("statuses", "method", "status"),
    [
        (["200"], "get", 200), (["201", "200"], "post", 200), (["2XX"], "get", 200), (["2xx"], "get", 200),
        (["404", "default"], "get", 200), (["default", "204"], "get", 204), (["302", "404"], "get", 302),
        (["3XX"], "get", 300), (["101", "404"], "get", 101), (["302", "default"], "get", 200),
        (["404"], "get", 200), (["404"], "post", 200), (["404"], "delete", 204), (["4XX", "500"], "delete", 204),
        (["200"], "delete", 200),
    ],
)  # fmt: skip
def test_the_success_response_has_the_first_successful_status(
    tmp_path: Path, statuses: list[str], method: str, status: int
) -> None:
    responses = {each: {"description": each} for each in statuses}
    model = load_spec_model(write_document(tmp_path, document({"/things": {method: {"responses": responses}}})))
    (endpoint,) = model.document.operations
    actual, response = success_response(endpoint)
    assert actual == status
    by_name = {each.upper(): each for each in statuses}
    declared = by_name.get(str(status)) or by_name.get(f"{status // 100}XX") or by_name.get("DEFAULT")
    assert (response and response.status) == declared


@pytest.mark.parametrize(
    ("listed", "wrapper"),
    [
        (LISTED, None),
        ({"type": ["array", "null"], "items": THING}, None),
        ({"items": THING}, None),
        ({"type": "object", "properties": {"data": LISTED, "total": {"type": "integer"}}}, "data"),
        ({"type": "object", "properties": {"odd": LISTED, "total": {"type": "integer"}}}, "odd"),
        ({"type": "object", "properties": {"odd": {"type": ["array", "null"], "items": THING}}}, "odd"),
        ({"type": "object", "properties": {"rows": LISTED, "data": LISTED}}, "data"),
        ({"type": "object", "properties": {"data": {"type": "array", "items": TEXT}, "odd": LISTED}}, "odd"),
        ({"type": "object", "properties": {"data": {"type": "object", "items": THING}, "odd": LISTED}}, "odd"),
        ({"type": "object", "properties": {"id": TEXT, "results": LISTED}}, "results"),
    ],
)
def test_a_list_is_found_in_its_envelope(tmp_path: Path, listed: Any, wrapper: str | None) -> None:
    paths = {"/things": {"get": {"responses": json_responses(listed)}}, "/things/{id}": READ}
    model = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    (role,) = [each for each in model.inferred.roles.values() if each.operation.title == "GET /things"]
    assert role.verb == "list"
    assert role.response_shape == Shape(THING, wrapper)


@pytest.mark.parametrize(
    "listed",
    [
        True,
        {},
        {"type": "array"},
        {"type": "array", "items": True},
        {"type": "array", "items": TEXT},
        {"type": "object", "properties": {"odd": LISTED, "even": LISTED}},
        {"type": "object", "properties": {"odd": LISTED, "id": TEXT}},
        {"type": "object", "properties": {"odd": LISTED, "_id": TEXT}},
        {"type": "object", "properties": {"data": {"type": "array", "items": TEXT}}},
    ],
)
def test_a_response_without_a_clear_list_of_records_is_not_a_list(tmp_path: Path, listed: Any) -> None:
    paths = {"/things": {"get": {"responses": json_responses(listed)}}, "/things/{id}": READ}
    model = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    assert "GET /things" not in roles_by_title(model.inferred)


@pytest.mark.parametrize(
    ("schema", "wrapper"),
    [
        (THING, None),
        ({"type": "object", "properties": {"data": THING}}, "data"),
        ({"type": "object", "properties": {"thing": THING, "data": OTHER}}, "thing"),
        ({"type": "object", "properties": {"data": OTHER, "thing": THING}}, "thing"),
        ({"type": "object", "properties": {"record": THING, "data": TEXT}}, "record"),
        ({"type": "object", "properties": {"data": THING, "uuid": TEXT}}, None),
        ({"type": "object", "properties": {"odd": THING}}, None),
    ],
)
def test_an_envelope_of_a_record_has_a_usual_name_and_no_id(tmp_path: Path, schema: Any, wrapper: str | None) -> None:
    found = infer(tmp_path, {"/things": LIST, "/things/{id}": {"get": {"responses": json_responses(schema)}}})
    (role,) = [each for each in found.roles.values() if each.verb == "retrieve"]
    assert role.response_shape == Shape(THING if wrapper else schema, wrapper)


@pytest.mark.parametrize("schema", [True, {}, {"type": "object"}, TEXT, LISTED])
def test_a_schema_without_properties_is_not_a_record(tmp_path: Path, schema: Any) -> None:
    paths = {"/things/{id}": {"get": {"responses": json_responses(schema)}}}
    model = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    assert model.inferred.resources == {}


def test_operations_with_role_none_do_not_make_a_resource(tmp_path: Path) -> None:
    none = {"x-testmode-role": "none"}
    assert infer(tmp_path, {"/things/{id}": {"get": {**READ["get"], **none}}}).resources == {}
    assert infer(tmp_path, {"/things/{id}": {**READ, "delete": {**DELETE_OPERATION, **none}}}).resources == {}
    assert list(infer(tmp_path, {"/things/{id}": {**READ, "delete": DELETE_OPERATION}}).resources) == ["things"]


def test_path_parameters_above_a_resource_name_its_parents(tmp_path: Path) -> None:
    paths = {
        "/shops": LIST,
        "/shops/{shop}": READ,
        "/shops/{shop}/halls/{hall}": READ,
        "/shops/{shop}/halls/{hall}/things/{id}": READ,
        "/settings/{a}/b/{b}/things/{id}": READ,
        "/xidx/{id}": READ,
        "/{part}.json/others/{id}": READ,
    }
    found = infer(tmp_path, paths).resources
    assert {
        name: [(each.parameter, each.resource) for each in resource.parents] for name, resource in found.items()
    } == {
        "shops": [],
        "shops_halls": [("shop", "shops")],
        "shops_halls_things": [("shop", "shops"), ("hall", "shops_halls")],
        "settings_b_things": [("a", None), ("b", None)],
        "xidx": [],
        "{part}_json_others": [],
    }


@pytest.mark.parametrize(
    ("request_schema", "response_schema", "verb"),
    [(THING, THING, "create"), (LISTED, THING, None), (THING, LISTED, None), (LISTED, LISTED, None)],
)
@pytest.mark.parametrize(("method", "other"), [("post", "create"), ("put", "replace"), ("patch", "merge")])
def test_bulk_operations_have_no_role(
    tmp_path: Path, request_schema: Any, response_schema: Any, verb: str | None, method: str, other: str
) -> None:
    bulk = {"requestBody": json_request_body(request_schema), "responses": json_responses(response_schema)}
    found = roles_by_title(infer(tmp_path, {"/things": {**LIST, method: bulk}, "/things/{id}": READ}))
    assert found.get(f"{method.upper()} /things") == (other if verb else None)


def test_the_request_body_is_json_if_declared_or_else_the_first_media_type(tmp_path: Path) -> None:
    form, text = "application/x-www-form-urlencoded", "text/plain"
    for kinds, expected in (
        ({form: THING, text: OTHER}, THING),
        ({form: THING, "application/json": OTHER}, OTHER),
        ({"application/merge-patch+json": THING, form: OTHER}, THING),
        ({}, None),
    ):
        content = {kind: {"schema": schema} for kind, schema in kinds.items()}
        patch = {"requestBody": {"content": content}, "responses": json_responses(THING)}
        found = infer(tmp_path, {"/things/{id}": {**READ, "patch": patch}})
        (role,) = [each for each in found.roles.values() if each.operation.method == "PATCH"]
        assert role.verb == "merge"
        assert role.request_shape == (None if expected is None else Shape(expected))


@pytest.mark.parametrize("step", ["{id}.json", "v{id}", "{id}{other}", "{id}-{other}"])
def test_a_parameter_that_is_part_of_a_segment_does_not_name_a_record(tmp_path: Path, step: str) -> None:
    assert infer(tmp_path, {f"/things/{step}": {"delete": DELETE_OPERATION, **READ}}).resources == {}


def test_json_patch_is_ignored_unless_another_media_type_is_declared(tmp_path: Path) -> None:
    for kinds, verb in ((["-patch"], None), (["-patch", ""], "merge"), ([""], "merge"), ([], "merge")):
        content = {"application/json" + ("-patch+json" if kind else ""): {"schema": THING} for kind in kinds}
        patch = {"responses": json_responses(THING)} | ({"requestBody": {"content": content}} if kinds else {})
        found = infer(tmp_path, {"/things/{id}": {**READ, "patch": patch}})
        assert roles_by_title(found).get("PATCH /things/{id}") == verb


def test_operations_without_inferred_behaviour_are_described(tmp_path: Path) -> None:
    paths = {
        "/things/{id}": {**READ, "delete": DELETE_OPERATION},
        "/things/{id}/publish": {"post": change_operation()},
        "/report": {"get": {"responses": json_responses(TEXT)}},
    }
    model = load_spec_model(write_document(tmp_path, document(paths)))
    assert model.inferred.describe_gaps(model.document.operations) == [
        "GET /report: responses are generated, without state",
        "POST /things/{id}/publish: returns the record, changed by the request body",
    ]
