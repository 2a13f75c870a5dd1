"""Generates the OpenAPI 3.1 document of the admin API from its routes and their pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from mockserver import __version__
from mockserver.admin import views
from mockserver.engine import openapi_parameters

if TYPE_CHECKING:
    from mockserver.admin.route import Route

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


def build_openapi(routes: Sequence[Route], prefix: str) -> dict[str, Any]:
    """Returns the document; ``prefix`` is the path under which the routes are registered."""
    bodies = {route.body for route in routes if route.body is not None}
    models = sorted(bodies, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
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
            "schemas": {**views.with_written_durations(schemas.get("$defs", {})), "Problem": _PROBLEM},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "parameters": openapi_parameters(route.path, route.query),
        "responses": {str(route.status): {"description": "The operation succeeded."}, "default": _problem_response()},
    }
    if route.body is not None:
        schema = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        required = any(field.is_required() for field in route.body.model_fields.values())
        operation["requestBody"] = {"required": required, "content": {"application/json": {"schema": schema}}}
    return operation


def _problem_response() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": "The operation was refused.", "content": {"application/problem+json": {"schema": schema}}}
