"""Connects WSGI applications: registers Flask rules, loads applications lazily, and preserves raw request paths."""

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
    """Registers a provider's operations as Flask rules for ``flask routes``; no request reaches them."""
    from flask import Blueprint

    blueprint = Blueprint(provider.name, provider.name, url_prefix=f"/{provider.name}")
    for operation in provider.operations:
        blueprint.add_url_rule(
            to_werkzeug_rule(operation.path),
            operation.name,
            _unreachable_view,
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.register_blueprint(blueprint)


def _unreachable_view(**_: str) -> str:
    raise AssertionError("the pipeline handles provider requests, so Flask must not call a view of a provider")


def load_lazily(make: Callable[[], WSGIApp]) -> WSGIApp:
    """Returns an application that calls ``make`` at the first request."""
    cached_make = cache(make)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return cached_make()(environ, start_response)

    return application


def preserve_raw_path(inner: WSGIApp) -> WSGIApp:
    """Wraps an application so that Werkzeug sees the path with encoded and double slashes as the client sent it."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"] = preserve_encoded_slashes(environ.get("PATH_INFO", ""), raw_target(environ))
        if not path.startswith("/") or path.startswith("//"):
            # Werkzeug would treat such a path like one with a single slash; no rule matches the path with this prefix.
            environ["PATH_INFO"] = f"/.{path}"
        return inner(environ, start_response)

    return application
