"""The admin API for whoever is inside the process: the same routes, the same bodies, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from json import loads
from typing import Any

from mockserver.admin.api import ROUTES, perform
from mockserver.admin.refusals import REFUSED, refusal
from mockserver.admin.route import FreeForm, Route
from mockserver.engine import Engine, as_json


class Refused(Exception):
    """The admin API has refused; ``detail`` is its sentence."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Client:
    """Asks the admin API as a request over HTTP would, without one."""

    def __init__(self, engine: Engine, about: Callable[[], Any], origin: str) -> None:
        self._engine, self._about = engine, about
        self._origin = origin

    def __call__(
        self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None, **args: str
    ) -> Any:
        """What a route answers, as JSON has it; ``args`` fill the path's names. Raises Refused."""
        route = _routes()[method, path]
        try:
            read = _read(route, body) if route.body else None
            asked = {name: str(value) for name, value in (query or {}).items()}
            answer = perform(self._engine, route, args, read, asked, self._origin, self._about)
        except REFUSED as error:
            answer = refusal(error, route)
            raise Refused(answer.status_code, answer.get_json()["detail"]) from None
        return loads(answer if isinstance(answer, bytes) else as_json(answer))


@cache
def _routes() -> Mapping[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in ROUTES}


def _read(route: Route, body: Any) -> Any:
    assert route.body is not None
    given = {} if body is None else body
    return given if route.body is FreeForm else route.body.model_validate_json(as_json(given))
