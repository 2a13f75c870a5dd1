"""What is inferred of a document: which operations are of one resource, and what bodies are around its records."""

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


def verbs(found: InferenceResult) -> dict[str, str]:
    return {role.operation.title: role.verb for role in found.roles.values()}


def change(**more: Any) -> dict[str, Any]:
    return {"requestBody": json_request_body(THING), "responses": json_responses(THING), **more}


@pytest.mark.parametrize("order", [1, -1])
def test_each_verb_has_its_role_in_whichever_order_paths_and_methods_stand(tmp_path: Path, order: int) -> None:
    one = {**READ, "put": change(), "patch": change(), "delete": DELETE_OPERATION}
    many = {**LIST, "post": {"requestBody": json_request_body(THING), "responses": json_responses(THING, status="201")}}
    paths = {"/things": dict(list(many.items())[::order]), "/things/{id}": dict(list(one.items())[::order])}
    found = infer(tmp_path, dict(list(paths.items())[::order]))
    assert list(found.resources) == ["things"]
    assert verbs(found) == {
        "GET /things": "list",
        "POST /things": "create",
        "GET /things/{id}": "retrieve",
        "PUT /things/{id}": "replace",
        "PATCH /things/{id}": "merge",
        "DELETE /things/{id}": "delete",
    }


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_one_way_to_change_a_record_makes_a_resource_without_any_to_read_it(tmp_path: Path, method: str) -> None:
    said = DELETE_OPERATION if method == "delete" else change()
    assert list(infer(tmp_path, {"/things/{id}": {method: said}}).resources) == ["things"]
    assert list(infer(tmp_path, {"/things/{id}": {"post": change()}}).resources) == []


@pytest.mark.parametrize(("method", "single"), [("put", True), ("patch", True), ("delete", False), ("post", False)])
def test_what_there_is_only_one_of_is_read_and_changed(tmp_path: Path, method: str, single: bool) -> None:
    said = DELETE_OPERATION if method == "delete" else change()
    found = infer(tmp_path, {"/settings": {**READ, method: said}})
    assert [each.is_singleton for each in found.resources.values()] == [True] * single


def test_a_list_alone_is_no_resource_and_one_that_takes_records_is(tmp_path: Path) -> None:
    assert list(infer(tmp_path, {"/things": LIST}).resources) == []
    both = {**LIST, "post": {"requestBody": json_request_body(THING), "responses": json_responses(THING, status="201")}}
    (made,) = infer(tmp_path, {"/things": both}).resources.values()
    assert (made.is_singleton, made.id_parameter) == (False, "id")


@pytest.mark.parametrize(("role", "verb"), [("list", "list"), ("create", "create"), ("none", None)])
def test_a_role_that_is_told_is_of_the_nearest_resource_above(tmp_path: Path, role: str, verb: str | None) -> None:
    paths = {
        "/shops/{shop}/things": LIST,
        "/shops/{shop}/things/{id}": READ,
        "/shops/{shop}/things/{id}/do/it": {"post": {**change(), "x-testmode-role": role}},
        "/others": LIST,
        "/others/{id}": READ,
    }
    found = infer(tmp_path, paths)
    (told,) = [each for each in [*found.roles.values(), None] if each is None or "do/it" in each.operation.path][:1]
    assert (told and told.verb, told and told.resource.name) == (verb, "shops_things" if verb else None)


def test_resources_of_one_name_are_told_apart(tmp_path: Path) -> None:
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
def test_one_of_many(many: str, one: str) -> None:
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
def test_a_resource_is_called_by_its_whole_name_or_the_last_word_of_a_long_one(
    name: str, words: tuple[str, ...]
) -> None:
    assert envelope_names(InferredResource(name, f"/{name}", (), "id")) == words


@pytest.mark.parametrize(
    ("wrapper", "body", "inside"),
    [(None, {"n": 1}, {"n": 1}), ("data", {"data": 1, "n": 2}, 1), ("data", {}, None), ("data", [1], None)],
)
def test_a_record_is_found_in_its_body(wrapper: str | None, body: Any, inside: Any) -> None:
    assert Shape(True, wrapper).unwrap(body) == inside
    assert Shape(True, wrapper).unwrap(Shape(True, wrapper).wrap(inside)) == inside


@pytest.mark.parametrize(("beside", "wrapped"), [(0, True), (5, True), (6, False)])
def test_an_envelope_has_at_most_six_members(tmp_path: Path, beside: int, wrapped: bool) -> None:
    members = {f"m{nth}": {"type": "string"} for nth in range(beside)}
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
def test_the_property_that_holds_the_id_is_the_one_that_the_path_names(
    tmp_path: Path, parameter: str, properties: list[str], field: str | None
) -> None:
    shown = {"type": "object", "properties": {each: {"type": "string"} for each in properties}}
    read = {"get": {"responses": json_responses(shown if properties else {"type": "object", "properties": {"n": {}}})}}
    (made,) = infer(tmp_path, {f"/things/{{{parameter}}}": read}).resources.values()
    assert made.id_field == field


@pytest.mark.parametrize("parameter", ["s_id", "id"])
def test_a_resource_whose_name_has_no_singular_has_an_id_too(tmp_path: Path, parameter: str) -> None:
    (made,) = infer(tmp_path, {f"/s/{{{parameter}}}": READ}).resources.values()
    assert made.id_field == "id"


TEXT, SHORT_TEXT, NUMBER = {"type": "string"}, {"type": "string", "maxLength": 9}, {"type": "integer"}


def in_path(schema: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "id", "in": "path", "required": True, "schema": schema}]}


@pytest.mark.parametrize(
    ("held", "first", "second", "expected"),
    [
        (TEXT, SHORT_TEXT, NUMBER, {"allOf": [TEXT, SHORT_TEXT]}),
        (TEXT, NUMBER, TEXT, NUMBER),
        (NUMBER, TEXT, NUMBER, TEXT),
        ({}, NUMBER, TEXT, {"allOf": [{}, NUMBER]}),
        (None, SHORT_TEXT, NUMBER, SHORT_TEXT),
    ],
)
def test_an_id_fits_where_it_is_held_and_where_the_first_path_names_it(
    tmp_path: Path, held: Any, first: Any, second: Any, expected: Any
) -> None:
    properties = {"n": {"type": "integer"}} | ({} if held is None else {"id": held})
    shown = {"type": "object", "properties": properties}
    one = {
        "get": {"responses": json_responses(shown), **in_path(first)},
        "delete": {**DELETE_OPERATION, **in_path(second)},
    }
    (made,) = infer(tmp_path, {"/things/{id}": one}).resources.values()
    assert made.id_schema == expected


def test_an_id_that_stands_nowhere_is_anything(tmp_path: Path) -> None:
    shown = {"type": "object", "properties": {"n": {"type": "integer"}}}
    both = {
        "get": {"responses": json_responses({"type": "array", "items": shown})},
        "post": {"requestBody": json_request_body(shown), "responses": json_responses(shown, status="201")},
    }
    (made,) = infer(tmp_path, {"/things": both}).resources.values()
    assert made.id_schema is True
    assert made.id_field is None


OTHER: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "m": {"type": "integer"}}}


def test_a_record_that_no_answer_shows_is_what_the_first_body_says(tmp_path: Path) -> None:
    silent = {"responses": {"204": {"description": "Done"}}}
    one = {
        "put": {"requestBody": json_request_body(THING), **silent},
        "patch": {"requestBody": json_request_body(OTHER), **silent},
    }
    (made,) = infer(tmp_path, {"/things/{id}": one}).resources.values()
    assert (made.schema, made.writable) == (THING, frozenset({"id", "n", "m"}))
    (made,) = infer(tmp_path, {"/things/{id}": {"delete": silent}}).resources.values()
    assert (made.schema, made.writable) == (True, frozenset())


def test_what_is_shown_says_more_than_what_is_asked_and_one_record_more_than_a_list(tmp_path: Path) -> None:
    listed = {"type": "array", "items": OTHER}
    paths = {
        "/things": {"get": {"responses": json_responses(listed)}},
        "/things/{id}": {**READ, "put": {"requestBody": json_request_body(OTHER), "responses": json_responses(OTHER)}},
    }
    (made,) = infer(tmp_path, paths).resources.values()
    assert made.schema == THING


def test_only_what_makes_or_changes_a_record_says_what_clients_write(tmp_path: Path) -> None:
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
    assert verbs(found)["POST /things/{id}/publish"] == "act"
    (made,) = found.resources.values()
    assert made.writable == {"n"}


@pytest.mark.parametrize(
    ("paths", "role"),
    [
        # Beside records that are only listed, only read, or neither.
        ({"/things": LIST, "/things/{id}": {"delete": DELETE_OPERATION}}, ("list", "act")),
        ({"/things": {"post": change()}, "/things/{id}": READ}, ("list", "act")),
        ({"/things": {"get": {"responses": json_responses({"type": "array", "items": OTHER})}}, "/things/{id}": READ},
         ("list", "act")),
        ({"/things/{id}": {"delete": DELETE_OPERATION}}, (None, None)),
    ],
)  # fmt: skip
def test_beside_a_resource_stands_what_shows_its_records(
    tmp_path: Path, paths: Any, role: tuple[str | None, str | None]
) -> None:
    beside = {"/things/recent": LIST, "/things/{id}/publish": {"post": change()}}
    unlike = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    strange = {
        "/things/other": {"get": {"responses": json_responses({"type": "array", "items": unlike})}},
        "/things/{id}/other": {"post": {"requestBody": json_request_body(unlike), "responses": json_responses(unlike)}},
        "/things/{id}/look": {"get": {"responses": json_responses(unlike)}},
    }
    found = verbs(infer(tmp_path, {**paths, **beside, **strange}))
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
def test_an_operation_answers_with_the_first_status_that_means_success(
    tmp_path: Path, statuses: list[str], method: str, status: int
) -> None:
    responses = {each: {"description": each} for each in statuses}
    world = load_spec_model(write_document(tmp_path, document({"/things": {method: {"responses": responses}}})))
    (endpoint,) = world.document.operations
    answered, response = success_response(endpoint)
    assert answered == status
    known = {each.upper(): each for each in statuses}
    declared = known.get(str(status)) or known.get(f"{status // 100}XX") or known.get("DEFAULT")
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
def test_a_list_is_found_where_it_is(tmp_path: Path, listed: Any, wrapper: str | None) -> None:
    paths = {"/things": {"get": {"responses": json_responses(listed)}}, "/things/{id}": READ}
    world = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    (role,) = [each for each in world.inferred.roles.values() if each.operation.title == "GET /things"]
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
def test_what_holds_no_records_or_says_not_where_is_no_list(tmp_path: Path, listed: Any) -> None:
    paths = {"/things": {"get": {"responses": json_responses(listed)}}, "/things/{id}": READ}
    world = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    assert "GET /things" not in verbs(world.inferred)


@pytest.mark.parametrize(
    ("shown", "wrapper"),
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
def test_a_record_stands_in_an_envelope_that_has_nothing_of_its_own(
    tmp_path: Path, shown: Any, wrapper: str | None
) -> None:
    found = infer(tmp_path, {"/things": LIST, "/things/{id}": {"get": {"responses": json_responses(shown)}}})
    (role,) = [each for each in found.roles.values() if each.verb == "retrieve"]
    assert role.response_shape == Shape(THING if wrapper else shown, wrapper)


@pytest.mark.parametrize("shown", [True, {}, {"type": "object"}, TEXT, LISTED])
def test_what_has_no_properties_is_no_record(tmp_path: Path, shown: Any) -> None:
    paths = {"/things/{id}": {"get": {"responses": json_responses(shown)}}}
    world = load_spec_model(write_document(tmp_path, {**document(paths), "openapi": "3.1.0"}))
    assert world.inferred.resources == {}


def test_what_a_document_takes_out_of_a_resource_makes_none(tmp_path: Path) -> None:
    none = {"x-testmode-role": "none"}
    assert infer(tmp_path, {"/things/{id}": {"get": {**READ["get"], **none}}}).resources == {}
    assert infer(tmp_path, {"/things/{id}": {**READ, "delete": {**DELETE_OPERATION, **none}}}).resources == {}
    assert list(infer(tmp_path, {"/things/{id}": {**READ, "delete": DELETE_OPERATION}}).resources) == ["things"]


def test_each_parameter_above_a_resource_names_one_of_the_resource_there(tmp_path: Path) -> None:
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
    assert {name: [(each.parameter, each.resource) for each in made.parents] for name, made in found.items()} == {
        "shops": [],
        "shops_halls": [("shop", "shops")],
        "shops_halls_things": [("shop", "shops"), ("hall", "shops_halls")],
        "settings_b_things": [("a", None), ("b", None)],
        "xidx": [],
        "{part}_json_others": [],
    }


@pytest.mark.parametrize(
    ("asked", "told", "verb"),
    [(THING, THING, "create"), (LISTED, THING, None), (THING, LISTED, None), (LISTED, LISTED, None)],
)
@pytest.mark.parametrize(("method", "other"), [("post", "create"), ("put", "replace"), ("patch", "merge")])
def test_what_is_done_to_many_at_once_is_done_to_no_record(
    tmp_path: Path, asked: Any, told: Any, verb: str | None, method: str, other: str
) -> None:
    bulk = {"requestBody": json_request_body(asked), "responses": json_responses(told)}
    found = verbs(infer(tmp_path, {"/things": {**LIST, method: bulk}, "/things/{id}": READ}))
    assert found.get(f"{method.upper()} /things") == (other if verb else None)


def test_a_record_is_asked_for_as_json_where_that_may_be_and_else_as_what_comes_first(tmp_path: Path) -> None:
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
def test_a_parameter_that_is_only_part_of_a_step_names_no_record(tmp_path: Path, step: str) -> None:
    assert infer(tmp_path, {f"/things/{step}": {"delete": DELETE_OPERATION, **READ}}).resources == {}


def test_json_patch_alone_is_not_understood_and_beside_another_kind_it_is_left_to_that(tmp_path: Path) -> None:
    for kinds, verb in ((["-patch"], None), (["-patch", ""], "merge"), ([""], "merge"), ([], "merge")):
        content = {"application/json" + ("-patch+json" if kind else ""): {"schema": THING} for kind in kinds}
        patch = {"responses": json_responses(THING)} | ({"requestBody": {"content": content}} if kinds else {})
        found = infer(tmp_path, {"/things/{id}": {**READ, "patch": patch}})
        assert verbs(found).get("PATCH /things/{id}") == verb


def test_what_was_not_inferred_and_what_only_changes_a_record_is_said(tmp_path: Path) -> None:
    paths = {
        "/things/{id}": {**READ, "delete": DELETE_OPERATION},
        "/things/{id}/publish": {"post": change()},
        "/report": {"get": {"responses": json_responses(TEXT)}},
    }
    world = load_spec_model(write_document(tmp_path, document(paths)))
    assert world.inferred.describe_gaps(world.document.operations) == [
        "GET /report: responses are generated, without state",
        "POST /things/{id}/publish: returns the record, changed by the request body",
    ]
