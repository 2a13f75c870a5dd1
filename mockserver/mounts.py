"""Where a provider is reached: under its path, under its own host name, or alone at the root."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from mockserver.engine import Operation, Provider

Environ = dict[str, Any]
WSGI = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
NO_METHOD = "NONE"
"""Stands in for the methods of a path that exists and has none."""
ENCODED_SLASH = "\ue02f"
"""Stands in for a slash that a client has sent as %2F; a private character that no path has any use for."""
_OURS = ("__admin", "health", "healthz", "ready", "readyz")


class Matched(Rule):
    """A rule that is matched and never built: nothing here asks Flask for a URL, and half a start would go into it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _never_built


def _never_built(*_: Any) -> tuple[str, str]:
    raise AssertionError("no URL is built from a rule")


def mount(app: Flask, provider: Provider) -> dict[str, Operation]:
    """Register a provider's operations as Flask rules; answers them by endpoint."""
    from flask import Blueprint

    room = Blueprint(provider.name, provider.name, url_prefix=f"/{provider.name}")
    endpoints = {}
    for operation in provider.operations:
        _rule(room, operation.path, operation.name, operation.method)
        endpoints[f"{provider.name}.{operation.name}"] = operation
    for path in provider.refused_paths:
        _rule(room, path, f"refused{path.replace('/', '_')}", NO_METHOD)
    app.register_blueprint(room)
    return endpoints


def _rule(room: Any, path: str, endpoint: str, method: str) -> None:
    rule = path.replace("{", "<").replace("}", ">")
    room.add_url_rule(rule, endpoint, _never, methods=[method], provide_automatic_options=False)


def arguments(app: Flask, request: Request) -> dict[str, Any] | None:
    """What a path names, such as its tenant; also where the path has not the method that was asked for."""
    error = request.routing_exception
    if not isinstance(error, MethodNotAllowed) or not error.valid_methods:
        return request.view_args
    adapter = app.create_url_adapter(request)
    return None if adapter is None else dict(adapter.match(method=next(iter(error.valid_methods)))[1])


def _never(**_: str) -> str:
    raise AssertionError("the pipeline answers before any view of a provider is asked")


def rewrite(inner: WSGI, providers: Collection[str], alone: str | None) -> WSGI:
    """Turn every way to reach a provider into the canonical one, ``/<provider>/...``, and say which it was.

    ``testmode.provider`` names the provider, ``testmode.mount`` what stands before its own paths in links.
    """

    def wrapped(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"] = _kept_slashes(environ)
        first = path.split("/", 2)[1] if path.startswith("/") and path != "/" else ""
        named = _by_host(environ, providers)
        if named is None and first in providers:
            environ["testmode.provider"], environ["testmode.mount"] = first, f"/{first}"
        elif (named or alone) and first not in _OURS:
            provider = named or alone
            environ["testmode.provider"], environ["testmode.mount"] = provider, ""
            environ["PATH_INFO"] = f"/{provider}{path}"
        elif not path.startswith("/") or path.startswith("//"):
            # Werkzeug would take such a path for the one with a single slash.
            environ["PATH_INFO"] = f"/.{path}"
        return inner(environ, start_response)

    return wrapped


def _kept_slashes(environ: Environ) -> str:
    """The decoded path, in which a slash that was sent encoded is no separator."""
    path: str = environ.get("PATH_INFO", "")
    sent = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "").partition("?")[0]
    if "%2f" not in sent.lower() or not sent.startswith("/"):
        return path
    stand_in = ENCODED_SLASH.encode().decode("latin-1")
    pieces = re.split("%2f", sent, flags=re.IGNORECASE)
    return stand_in.join(unquote_to_bytes(piece).decode("latin-1") for piece in pieces)


def _by_host(environ: Environ, providers: Collection[str]) -> str | None:
    host = environ.get("HTTP_HOST", "").partition(":")[0].lower()
    name, _, rest = host.partition(".")
    return name if rest == "localhost" and name in providers else None
