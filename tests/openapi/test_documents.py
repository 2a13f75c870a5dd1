"""Reading OpenAPI documents, and the messages for mistakes in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi.document import document_files
from mockserver.openapi.document.errors import BadDocument
from mockserver.openapi.document.reader import read_document
from tests.support.openapi_harness import OpenApiHarness, document, json_request_body, json_responses, write_document
from tests.support.paths import OPENAPI_DOCUMENTS

OK = {"responses": {"204": {"description": "Done"}}}


def load_error(folder: Path, content: Any, name: str = "api.json") -> str:
    with pytest.raises(BadDocument) as refused:
        read_document(write_document(folder, content, name))
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"swagger": "2.0"}, "api.json#/openapi: Swagger 2.0 is not supported"),
        ({"openapi": "4.0.0"}, "api.json#/openapi: openapi must be 3.0.x or 3.1.x, not '4.0.0'"),
        ({"openapi": "3.0.0", "paths": [1]}, "api.json#/paths: must be an object, not list"),
        (document({"x": {}}), "api.json#/paths/x: a path must begin with a slash"),
        (document({"/x": {"get": {"responses": {"OK": {}}}}}),
         "api.json#/paths/~1x/get/responses/OK: the key of a response must be a status such as 200 or 4XX, or default"),
        (document({"/x": {"get": {"parameters": [{"in": "query"}], **OK}}}),
         "api.json#/paths/~1x/get/parameters/0: a parameter must have a name, and be in path, query, header or cookie"),
        (document({"/x": {"get": {"responses": json_responses({"$ref": "#/components/schemas/Gone"})}}}),
         "api.json#/paths/~1x/get/responses/200/content/application~1json/schema/$ref: "
         "$ref points to api.json#/components/schemas/Gone, which does not exist"),
        (document({"/x": {"$ref": "https://example.test/x.yaml"}}),
         "api.json#/paths/~1x/$ref: $ref 'https://example.test/x.yaml' is not a local file; nothing is fetched"),
        (document({"/x": {"$ref": "other.yaml"}}), "other.yaml#: cannot read the file: "),
        ('{"openapi": ', "api.json#: the file is not valid JSON: "),
        (document({}, **{"x-testmode-paging": "page"}), "api.json#: there is no x-testmode-paging at document level"),
        (document({"/x": {"x-testmode-sead": 3}}), "api.json#/paths/~1x: there is no x-testmode-sead at path level; "
         "did you mean 'x-testmode-seed'?"),
        (document({}, **{"x-testmode-limits": {"rate": 0}}), "api.json#: rate: Input should be greater"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_file_pointer_and_rule(tmp_path: Path, content: Any, message: str) -> None:
    assert message in load_error(tmp_path, content)


def test_invalid_yaml_is_reported_with_its_line(tmp_path: Path) -> None:
    assert "line 3, column 1" in load_error(tmp_path, "openapi: 3.0.0\npaths: [", "api.yaml")
    assert "unconstructable recursive" in load_error(tmp_path, "openapi: &a [*a]", "api.yaml")
    assert "could not determine a constructor" in load_error(
        tmp_path, "openapi: !!python/object:os.system {}", "api.yaml"
    )


def test_yaml_values_have_only_the_types_of_json(tmp_path: Path) -> None:
    text = """
    openapi: 3.0.0
    info: {title: T, version: 2026-01-01}
    paths:
      /x:
        get: {responses: {200: {content: {application/json: {schema: {enum: [2026-01-01, yes, "on"]}}}}}}
    """
    spec = read_document(write_document(tmp_path, text, "api.yaml"))
    assert spec.version == "2026-01-01"
    schema = spec.operations[0].responses[0].media[0].schema
    assert schema["enum"] == ["2026-01-01", True, "on"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_files, "MAX_FILE_BYTES", 100)
    assert "the maximum is 100" in load_error(tmp_path, document({"/x": {"get": OK}}))


def test_references_are_followed_through_other_files(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write_document(
        tmp_path / "parts",
        {
            "Thing": {
                "type": "object",
                "required": ["next"],
                "properties": {
                    "id": {"$ref": "../ids.yaml#/Id"},
                    "next": {"anyOf": [{"$ref": "#/Thing"}, {"type": "null"}]},
                },
            }
        },
        "thing.json",
    )
    write_document(tmp_path, "Id: {type: integer, minimum: 7}", "ids.yaml")
    api = OpenApiHarness(
        write_document(
            tmp_path,
            document({"/x": {"post": {"requestBody": json_request_body({"$ref": "parts/thing.json#/Thing"}), **OK}}}),
        )
    )
    assert api.request("POST", "/x", json={"id": 7, "next": {"id": 8, "next": None}}).status_code == 204
    wrong = api.request("POST", "/x", json={"id": 7, "next": {"id": 6, "next": None}})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (400, "next")


def test_recursive_schemas_are_served(tmp_path: Path) -> None:
    schemas = {
        "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "object"}]},
        "Pet": {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}},
        "Cat": {
            "allOf": [
                {"$ref": "#/components/schemas/Pet"},
                {"type": "object", "properties": {"kind": {"type": "string"}}},
            ]
        },
        "Tree": {
            "type": "object",
            "required": ["kids"],
            "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        },
    }
    paths = {
        f"/{name}": {"get": {"responses": json_responses({"$ref": f"#/components/schemas/{name}"})}} for name in schemas
    }
    api = OpenApiHarness(write_document(tmp_path, document(paths, components={"schemas": schemas})))
    for name in schemas:
        assert api.request("GET", f"/{name}").status_code == 200, name
    assert sum("leads back to" in note for note in api.provider.notes) == 2


def test_invalid_keyword_values_are_ignored_and_noted(tmp_path: Path) -> None:
    schema = {"type": "object", "required": True, "properties": {"n": {"type": "int"}}}
    api = OpenApiHarness(write_document(tmp_path, document({"/x": {"get": {"responses": json_responses(schema)}}})))
    assert api.request("GET", "/x").status_code == 200
    notes = [note for note in api.provider.notes if note.endswith("it is ignored")]
    assert notes == [
        "api.json#/paths/~1x/get/responses/200/content/application~1json/schema/required: "
        "required must be a list of names; it is ignored",
        "api.json#/paths/~1x/get/responses/200/content/application~1json/schema/properties/n/type: "
        "type must be a JSON type or a list of JSON types; it is ignored",
    ]


def test_the_path_of_the_first_server_is_the_prefix() -> None:
    assert read_document(OPENAPI_DOCUMENTS / "library.yaml").prefix == "/api/v1"
    assert OpenApiHarness(OPENAPI_DOCUMENTS / "library.yaml").provider.example == "/api/v1/authors"


def test_paths_may_have_parameters_of_any_name_and_place(tmp_path: Path) -> None:
    paths = {
        "/files/{file-name}.{ext}": {"get": OK},
        "/a/{1st}/{1st-b}": {"get": OK},
        "/{x}:run": {"post": OK},
    }
    api = OpenApiHarness(write_document(tmp_path, document(paths)))
    assert api.request("GET", "/files/report.pdf").status_code == 204
    assert api.request("GET", "/a/1/2").status_code == 204
    assert api.request("POST", "/job:run").status_code == 204
    assert api.request("GET", "/files/report").status_code == 404


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "nullable": True}, None, "x"),
        ({"type": "string", "enum": ["a"], "nullable": True}, None, "b"),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, 4, 3),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": False}, 3, 2),
        ({"type": "integer", "format": "int32"}, 2**31 - 1, 2**31),
        ({"allOf": [{"type": "integer"}], "nullable": True}, None, "x"),
        ({"type": ["integer", "null"]}, None, "x"),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, True, "x"),
        ({"type": "string", "pattern": "^\\p{L}+$"}, "é", "1"),
    ],
)
def test_schemas_of_openapi_3_0_and_3_1_are_validated(tmp_path: Path, schema: Any, good: Any, bad: Any) -> None:
    body = {"type": "object", "required": ["v"], "properties": {"v": schema}}
    api = OpenApiHarness(
        write_document(tmp_path, document({"/x": {"post": {"requestBody": json_request_body(body), **OK}}}))
    )
    assert api.request("POST", "/x", json={"v": good}).status_code == 204
    assert api.request("POST", "/x", json={"v": bad}).status_code == 400


def test_a_discriminator_selects_the_alternative(tmp_path: Path) -> None:
    schemas = {
        "Cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "boolean"}}},
    }
    pet = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in schemas],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
        },
    }
    paths = {"/x": {"post": {"requestBody": json_request_body(pet), "responses": json_responses(pet)}}}
    api = OpenApiHarness(write_document(tmp_path, document(paths, components={"schemas": schemas})))
    assert api.request("POST", "/x", json={"kind": "cat", "lives": 9}).json["kind"] in ("cat", "dog")
    assert api.request("POST", "/x", json={"kind": "cat"}).status_code == 200
    assert api.request("POST", "/x", json={"kind": "dog", "lives": 9}).status_code == 400
    assert api.request("POST", "/x", json={"kind": "cow"}).status_code == 400
