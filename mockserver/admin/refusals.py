"""Renders refusals of the admin API as problem+json; for an unknown field they suggest the nearest valid name."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from flask import Response
from pydantic import ValidationError

from mockserver.admin.route import FreeForm, Route
from mockserver.engine import Problem, Refusal, StoreError, as_json, error_path, nearest, storage_failure_status

_log = logging.getLogger("testmode")
HANDLED_ERRORS = (ValidationError, Refusal, Problem, StoreError)
"""Errors that a handler raises to refuse a request."""


def render_refusal(error: Exception, route: Route | None = None) -> Response:
    """Returns the response for one of HANDLED_ERRORS; a ValidationError needs the ``route`` to suggest field names."""
    if isinstance(error, ValidationError) and route is not None:
        return render_validation_error(error, route)
    if isinstance(error, StoreError):
        _log.error("%s", error)
        return render_problem(storage_failure_status(error)[0], str(error))
    if isinstance(error, Problem):
        # Simulations call the functions of operations, which raise a Problem to refuse.
        return render_problem(422, error.detail or error.code)
    return render_problem(error.status if isinstance(error, Refusal) else 422, str(error))


def render_validation_error(error: ValidationError, route: Route) -> Response:
    """Returns a 422 response with the path and the message of every error."""
    errors = []
    for detail in error.errors(include_url=False):
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            name = str(detail["loc"][-1])
            message = f"there is no field {name!r}{nearest(name, _field_names(route, error.title))}"
        errors.append({"path": error_path(detail), "message": message})
    first = errors[0]
    return render_problem(422, f"{first['path']}: {first['message']}", errors=errors)


@cache
def _field_names(route: Route, title: str) -> tuple[str, ...]:
    model = route.body or route.query
    if model is None or model is FreeForm or model.__name__ != title:
        return ()
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return tuple(dict.fromkeys(name for part in parts for name in part.get("properties", {})))


def render_problem(status: int, detail: str, **members: Any) -> Response:
    """Returns a problem document (RFC 9457); ``members`` are extension members."""
    title = Response(status=status).status.partition(" ")[2].title()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(as_json(body), status, content_type="application/problem+json")
