"""The OpenAPI documents of the providers: they are valid and match the served operations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from openapi_spec_validator import validate

from mockserver.app import known_providers
from mockserver.engine import openapi_document
from tests.support.acme import ACME
from tests.support.harness import Harness


@pytest.mark.parametrize("provider", known_providers())
def test_every_document_is_valid_and_has_exactly_the_served_operations(harness: Harness, provider: str) -> None:
    document = harness.admin("GET", f"/providers/{provider}/openapi.json").json
    validate(document)
    documented = {
        (method.upper(), path, frozenset(map(int, operation["responses"])))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    available = [op for op in known_providers()[provider].operations if op.available_if is None]
    assert documented == {(op.method, op.path, op.statuses) for op in available}


def test_the_path_of_the_server_is_not_repeated_in_the_paths() -> None:
    document = openapi_document(ACME, ACME.operations, "/acme/v1", base="/v1")
    validate(document)
    assert set(document["paths"]) == {"/notes", "/boom"}
    assert document["servers"] == [{"url": "/acme/v1"}]


def test_models_are_defined_once_and_referenced() -> None:
    document = openapi_document(ACME, ACME.operations, "/acme")
    request_body = document["paths"]["/v1/notes"]["post"]["requestBody"]
    schema = {"$ref": "#/components/schemas/NewNote"}
    assert request_body == {"required": True, "content": {"application/json": {"schema": schema}}}
    assert set(document["components"]["schemas"]) == {"NewNote"}
    assert document["components"]["schemas"]["NewNote"]["required"] == ["text"]


def test_a_response_has_content_unless_its_status_forbids_it() -> None:
    create = next(op for op in ACME.operations if op.name == "create_note")
    for status, content in ((200, True), (201, True), (204, False)):
        document = openapi_document(ACME, [replace(create, status=status)], "/acme")
        responses = document["paths"]["/v1/notes"]["post"]["responses"]
        assert ("content" in responses[str(status)]) is content
        assert "content" in responses["401"]
