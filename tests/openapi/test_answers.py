"""An API from a document: responses without state are generated from schemas and examples, and are valid."""

from __future__ import annotations

from pathlib import Path
from random import Random
from re import search
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from mockserver.openapi.generation.patterns import generate_match
from tests.support.openapi_harness import OpenApiHarness, document, json_responses, library, write_document
from tests.support.openapi_requests import exercise_document
from tests.support.paths import OPENAPI_DOCUMENTS

SCHEMAS: dict[str, Any] = {
    "formats": {"type": "object", "required": ["a", "b", "c", "d", "e", "f", "g"], "properties": {
        "a": {"type": "string", "format": "date-time"}, "b": {"type": "string", "format": "date"},
        "c": {"type": "string", "format": "uuid"}, "d": {"type": "string", "format": "email"},
        "e": {"type": "string", "format": "uri"}, "f": {"type": "string", "format": "ipv4"},
        "g": {"type": "string", "format": "ipv6"}}},
    "bounds": {"type": "array", "minItems": 3, "items": {"type": "number", "minimum": 0.1, "maximum": 0.2}},
    "steps": {"type": "integer", "minimum": 11, "multipleOf": 7},
    "lengths": {"type": "string", "minLength": 200, "maxLength": 201},
    "short": {"type": "string", "maxLength": 1},
    "unique": {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": [1, 2, 3, 4]}},
    "all": {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 5}}},
                      {"properties": {"a": {"maximum": 5}}, "required": ["b"]}]},
    "any": {"anyOf": [{"type": "object", "required": ["x"], "properties": {"x": {"const": 1}}}, {"type": "string"}]},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}, "minProperties": 4},
    "wrong example": {"type": "integer", "example": "seven", "minimum": 3},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-(?<n>\\d{3,})(x|yz)?$"},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_generated_response_is_valid(tmp_path: Path, name: str, seed: str) -> None:
    spec = {**document({"/x": {"get": {"responses": json_responses(SCHEMAS[name])}}}), "openapi": "3.1.0"}
    api = OpenApiHarness(write_document(tmp_path, spec))
    key = api.harness.admin("POST", "/sandboxes", {"provider": "small", "seed": seed}).json["keys"][0]["secret"]
    response = api.request("GET", "/x", headers={"Authorization": f"Bearer {key}"})
    Draft202012Validator(SCHEMAS[name], validate_formats=True).validate(response.json)


def test_an_example_of_the_document_is_returned(tmp_path: Path) -> None:
    responses = json_responses({"type": "object"})
    responses["200"]["content"]["application/json"]["example"] = {"hello": "world"}
    assert OpenApiHarness(write_document(tmp_path, document({"/x": {"get": {"responses": responses}}}))).request(
        "GET", "/x"
    ).json == {"hello": "world"}


def test_equal_requests_get_equal_responses_and_others_get_others() -> None:
    api = library()
    assert api.request("GET", "/report").data == api.request("GET", "/report").data
    assert api.request("GET", "/report").data != api.request("GET", "/report?day=2").data
    assert 10 <= api.request("GET", "/report").json["loans"] <= 20


def test_a_schema_without_valid_values_gives_a_501(tmp_path: Path) -> None:
    schema = {"type": "integer", "minimum": 3, "maximum": 2}
    response = OpenApiHarness(
        write_document(tmp_path, document({"/x": {"get": {"responses": json_responses(schema)}}}))
    ).request("GET", "/x")
    assert (response.status_code, response.json["detail"]) == (
        501,
        "No value could be generated that the response schema allows",
    )


@pytest.mark.parametrize(
    ("media", "beginning"),
    [
        ("text/plain", b""),
        ("application/pdf", b"%PDF"),
        ("image/png", b"\x89PNG"),
        ("application/xml", b"<?xml"),
        ("text/csv", b""),
    ],
)
def test_other_media_types_get_a_body_of_that_type(tmp_path: Path, media: str, beginning: bytes) -> None:
    schema = (
        {"type": "object", "properties": {"a": {"type": "string"}}} if media.endswith("xml") else {"type": "string"}
    )
    response = OpenApiHarness(
        write_document(tmp_path, document({"/x": {"get": {"responses": json_responses(schema, media=media)}}}))
    ).request("GET", "/x")
    assert response.headers["Content-Type"] == media
    assert response.data.startswith(beginning)
    assert response.data


def test_a_create_response_has_a_location() -> None:
    api = library()
    response = api.request("POST", "/authors", json={"name": "Ada"})
    assert response.headers["Location"] == f"/library/api/v1/authors/{response.json['id']}"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{3}-\w+$",
        r"[^a-c]{2}",
        r"(foo|bar){2,}",
        r"^(a)\1$",
        r"^.{5}$",
        r"^[\w.-]+@[a-z]+\.test$",
        r"^(?!x)[a-z]{3}$",
    ],
)
def test_generated_text_matches_its_pattern(pattern: str) -> None:
    for nth in range(20):
        text = generate_match(pattern, Random(nth))
        assert text is None or search(pattern, text)
    assert any(generate_match(pattern, Random(nth)) for nth in range(20))


@pytest.mark.parametrize("file", sorted(OPENAPI_DOCUMENTS.glob("*.[jy]*")), ids=lambda file: file.stem)
def test_every_operation_of_every_document_returns_valid_responses_to_valid_requests(file: Path) -> None:
    result = exercise_document(file)
    assert result.operations > 0
    assert result.failures == []
    assert result.rejected_requests == []
