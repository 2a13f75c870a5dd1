"""How the admin side refuses: problem+json that names what is wrong and the nearest right word."""

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
"""What a handler raises instead of answering."""


def render_refusal(error: Exception, route: Route | None = None) -> Response:
    """The answer to what a handler has raised."""
    if isinstance(error, ValidationError) and route is not None:
        return render_validation_error(error, route)
    if isinstance(error, StoreError):
        _log.error("%s", error)
        return render_problem(storage_failure_status(error)[0], str(error))
    if isinstance(error, Problem):
        # A simulation may do what an operation does, and be refused as that is.
        return render_problem(422, error.detail or error.code)
    return render_problem(error.status if isinstance(error, Refusal) else 422, str(error))


def render_validation_error(error: ValidationError, route: Route) -> Response:
    """The answer to a body or query that does not fit its model."""
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
    """The names a body or query may use, so that the nearest can be named."""
    model = route.body or route.query
    if model is None or model is FreeForm or model.__name__ != title:
        return ()
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return tuple(dict.fromkeys(name for part in parts for name in part.get("properties", {})))


def render_problem(status: int, detail: str, **members: Any) -> Response:
    """A refusal as RFC 9457 writes it."""
    title = Response(status=status).status.partition(" ")[2].title()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    return Response(as_json(body), status, content_type="application/problem+json")
