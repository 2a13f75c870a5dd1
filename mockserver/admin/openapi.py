"""The admin API's OpenAPI 3.1 document, made from its table of routes and the pydantic models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from mockserver import __version__

if TYPE_CHECKING:
    from mockserver.admin.api import Route
    from mockserver.engine import Operation, Provider

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


def document(routes: Sequence[Route], prefix: str) -> dict[str, Any]:
    """The whole document."""
    bodies = {route.body for route in routes if route.body is not None}
    chosen = sorted(bodies, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in chosen], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Testmode admin API", "version": __version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route)],
        "responses": {str(route.status): {"description": "Done"}, "default": _problem_response()},
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        required = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(of: Route | Operation) -> list[dict[str, Any]]:
    if of.query is None:
        return []
    properties = of.query.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in properties.items()]


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "Refused", "content": {"application/problem+json": {"schema": schema}}}


def provider(shown: Provider) -> dict[str, Any]:
    """The document of a simulated API: every operation that is not withheld, with its models and statuses."""
    offered = [operation for operation in shown.operations if operation.offered is None]
    models = {model for op in offered for model in (op.body, op.query, op.answer) if model is not None}
    chosen = sorted(models, key=lambda model: model.__name__)
    schemas = {
        model.__name__: model.model_json_schema(ref_template=f"#/components/schemas/{model.__name__}/$defs/{{model}}")
        for model in chosen
    }
    paths: dict[str, Any] = {}
    for operation in offered:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _provided(shown, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": shown.title, "version": shown.version},
        "servers": [{"url": f"/{shown.name}"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}, "schemas": schemas},
    }


def _provided(shown: Provider, operation: Operation) -> dict[str, Any]:
    refused = {"description": "Refused", "content": {media: {} for media in shown.refusal_media}}
    answers = {str(status): refused for status in operation.refusals}
    done: dict[str, Any] = {"description": "Done"}
    if operation.status != 204:
        done["content"] = {media: {} for media in operation.media}
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation)],
        "responses": {str(operation.status): done, **answers},
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said
