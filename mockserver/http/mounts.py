"""What Flask is given of the providers: their operations as rules, and paths as they were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from mockserver.engine import Provider
from mockserver.http.resolver import Environ, preserve_encoded_slashes, raw_target
from mockserver.http.routes import to_werkzeug_rule

if TYPE_CHECKING:
    from flask import Flask

WSGIApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def register_rules(app: Flask, provider: Provider) -> None:
    """Register a provider's operations as Flask rules, for ``flask routes``: no request comes to them."""
    from flask import Blueprint

    room = Blueprint(provider.name, provider.name, url_prefix=f"/{provider.name}")
    for operation in provider.operations:
        room.add_url_rule(
            to_werkzeug_rule(operation.path),
            operation.name,
            _unreachable_view,
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.register_blueprint(room)


def _unreachable_view(**_: str) -> str:
    raise AssertionError("the pipeline answers before any view of a provider is asked")


def load_lazily(make: Callable[[], WSGIApp]) -> WSGIApp:
    """An application that is made for its first request."""
    made = cache(make)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return made()(environ, start_response)

    return application


def preserve_raw_path(inner: WSGIApp) -> WSGIApp:
    """Have Werkzeug see a path as it was sent."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"] = preserve_encoded_slashes(environ.get("PATH_INFO", ""), raw_target(environ))
        if not path.startswith("/") or path.startswith("//"):
            # Werkzeug would take such a path for the one with a single slash.
            environ["PATH_INFO"] = f"/.{path}"
        return inner(environ, start_response)

    return application
