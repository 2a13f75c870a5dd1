"""Generates the OpenAPI 3.1 document of a provider from its operations and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from mockserver.engine.core.call import OperationView, ProviderView


def build_openapi_document(
    provider: ProviderView, operations: Iterable[OperationView], server: str, base: str = ""
) -> dict[str, Any]:
    """Returns the document of these operations; ``base`` is the prefix of their paths that ``server`` already has."""
    chosen = list(operations)
    paths: dict[str, Any] = {}
    for operation in chosen:
        paths.setdefault(operation.path.removeprefix(base), {})[operation.method.lower()] = _operation_object(
            provider, operation, base
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": provider.title, "version": provider.version},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(chosen),
        },
    }


def openapi_parameters(path: str, query: type[BaseModel] | None) -> list[dict[str, Any]]:
    """Returns the OpenAPI parameter objects for the names in braces in ``path`` and for the fields of ``query``."""
    path_parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    properties = query.model_json_schema().get("properties", {}) if query else {}
    query_parameters = ({"name": name, "in": "query", "schema": schema} for name, schema in properties.items())
    return [*path_parameters, *query_parameters]


def _schemas(operations: Iterable[OperationView]) -> dict[str, Any]:
    models = {model for op in operations for model in (op.body, op.response_model) if model is not None}
    return {
        model.__name__: model.model_json_schema(ref_template=f"#/components/schemas/{model.__name__}/$defs/{{model}}")
        for model in sorted(models, key=lambda model: model.__name__)
    }


def _operation_object(provider: ProviderView, operation: OperationView, base: str) -> dict[str, Any]:
    refusal = {"description": "Refused", "content": {media: {} for media in provider.refusal_media_types}}
    success: dict[str, Any] = {"description": "Done"}
    if operation.status != 204:
        success["content"] = {media: {} for media in operation.media_types}
    document: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": openapi_parameters(operation.path.removeprefix(base), operation.query),
        "responses": {str(operation.status): success, **{str(status): refusal for status in operation.refusals}},
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        document["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return document
