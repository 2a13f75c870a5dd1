"""A provider's OpenAPI 3.1 document, made from its operations and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from mockserver.engine.core.call import OperationView, ProviderView


def build_openapi_document(
    provider: ProviderView, operations: Iterable[OperationView], server: str, base: str = ""
) -> dict[str, Any]:
    """The document of these operations; ``base`` is the part of their paths that ``server`` says already."""
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
    """The parameters a path names in braces and a query has as fields."""
    said: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    properties = query.model_json_schema().get("properties", {}) if query else {}
    return [*said, *({"name": name, "in": "query", "schema": schema} for name, schema in properties.items())]


def _schemas(operations: Iterable[OperationView]) -> dict[str, Any]:
    models = {model for op in operations for model in (op.body, op.response_model) if model is not None}
    return {
        model.__name__: model.model_json_schema(ref_template=f"#/components/schemas/{model.__name__}/$defs/{{model}}")
        for model in sorted(models, key=lambda model: model.__name__)
    }


def _operation_object(provider: ProviderView, operation: OperationView, base: str) -> dict[str, Any]:
    refused = {"description": "Refused", "content": {media: {} for media in provider.refusal_media_types}}
    done: dict[str, Any] = {"description": "Done"}
    if operation.status != 204:
        done["content"] = {media: {} for media in operation.media_types}
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": openapi_parameters(operation.path.removeprefix(base), operation.query),
        "responses": {str(operation.status): done, **{str(status): refused for status in operation.refusals}},
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said
