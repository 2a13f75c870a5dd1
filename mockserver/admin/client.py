"""Calls the admin API inside the process, without HTTP, with the same routes, bodies and refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from json import loads
from typing import Any

from mockserver.admin.api import ROUTES, run_handler
from mockserver.admin.refusals import HANDLED_ERRORS, render_refusal
from mockserver.admin.route import FreeForm, Route
from mockserver.engine import Engine, as_json


class AdminApiError(Exception):
    """A refusal of the admin API: its HTTP status, and the ``detail`` of its problem document."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Client:
    """A client of the admin API; ``origin`` is the scheme and host that appear in the URLs it returns."""

    def __init__(self, engine: Engine, server_info: Callable[[], Any], origin: str) -> None:
        self._engine, self._server_info = engine, server_info
        self._origin = origin

    def __call__(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, **args: str
    ) -> Any:
        """Calls a route and returns its JSON; ``args`` are the values of the placeholders in ``path``.

        Raises AdminApiError when the route refuses.
        """
        route = _routes()[method, path]
        try:
            parsed = _parse_body(route, body) if route.body else None
            parameters = {name: str(value) for name, value in (query or {}).items()}
            result = run_handler(self._engine, route, args, parsed, parameters, self._origin, self._server_info)
        except HANDLED_ERRORS as error:
            refusal = render_refusal(error, route)
            raise AdminApiError(refusal.status_code, refusal.get_json()["detail"]) from None
        return loads(result if isinstance(result, bytes) else as_json(result))


@cache
def _routes() -> Mapping[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in ROUTES}


def _parse_body(route: Route, body: Any) -> Any:
    assert route.body is not None
    members = {} if body is None else body
    return members if route.body is FreeForm else route.body.model_validate_json(as_json(members))
