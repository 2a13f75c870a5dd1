"""What is inferred of a document: which operations are of one resource, and what bodies are around its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi.inference.resources import InferenceResult, InferredResource, envelope_names, singularize
from mockserver.openapi.inference.shapes import Shape
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
