"""The admin API for whoever is inside the process: the same routes, the same bodies, the same refusals."""

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
    """The admin API has refused; ``detail`` is its sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Client:
    """Asks the admin API as a request over HTTP would, without one."""

    def __init__(self, engine: Engine, server_info: Callable[[], Any], origin: str) -> None:
        self._engine, self._server_info = engine, server_info
        self._origin = origin

    def __call__(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, **args: str
    ) -> Any:
        """What a route answers, as JSON has it; ``args`` fill the path's names. Raises Refused."""
        route = _routes()[method, path]
        try:
            read = _parse_body(route, body) if route.body else None
            asked = {name: str(value) for name, value in (query or {}).items()}
            answer = run_handler(self._engine, route, args, read, asked, self._origin, self._server_info)
        except HANDLED_ERRORS as error:
            answer = render_refusal(error, route)
            raise AdminApiError(answer.status_code, answer.get_json()["detail"]) from None
        return loads(answer if isinstance(answer, bytes) else as_json(answer))


@cache
def _routes() -> Mapping[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in ROUTES}


def _parse_body(route: Route, body: Any) -> Any:
    assert route.body is not None
    given = {} if body is None else body
    return given if route.body is FreeForm else route.body.model_validate_json(as_json(given))
