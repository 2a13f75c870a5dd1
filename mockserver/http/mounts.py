"""Where a provider is reached: under its path, under its own host name, or alone at the root."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule

from mockserver.engine import Operation, Provider

if TYPE_CHECKING:
    from flask import Flask

Environ = dict[str, Any]
WSGI = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
NO_METHOD = "NONE"
"""Stands in for the methods of a path that exists and has none."""
_NOT_METHODS = {"HEAD", "OPTIONS", NO_METHOD}
ENCODED_SLASH = "\ue02f"
"""Stands in for a slash that a client has sent as %2F; a private character that no path has any use for."""
_OURS = ("__admin", "health", "healthz", "ready", "readyz")


class Matched(Rule):
    """A rule that is matched and never built: nothing here asks Flask for a URL, and half a start would go into it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _never_built


def _never_built(*_: Any) -> tuple[str, str]:
    raise AssertionError("no URL is built from a rule")


def mount(app: Flask, provider: Provider) -> None:
    """Register a provider's operations as Flask rules, for ``flask routes``: no request comes to them."""
    from flask import Blueprint

    room = Blueprint(provider.name, provider.name, url_prefix=f"/{provider.name}")
    for operation in provider.operations:
        room.add_url_rule(
            _rule(operation.path), operation.name, _never, methods=[operation.method], provide_automatic_options=False
        )
    app.register_blueprint(room)


def _rule(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


@dataclass(frozen=True, slots=True)
class Found:
    """What a path leads to: the operation, what the path names such as its tenant, and which methods it has instead."""

    operation: Operation | None = None
    args: dict[str, Any] | None = None
    allowed: tuple[str, ...] | None = None
    """The methods a path has, when it has not the one asked for; None when there is no such path, or all is well."""


REMEMBERED, SHORT = 2_048, 200
"""So many paths of at most so many characters are remembered with what they lead to."""


class Paths:
    """The paths of providers, matched by the rules that Flask has from Werkzeug."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        rules = [rule for provider in providers for rule in _rules(provider)]
        self._adapter = Map(rules, merge_slashes=False).bind("")
        # Clients ask for the same paths again and again, and matching is a tenth of reading one record.
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._match)

    def find(self, path: str, method: str) -> Found:
        """What a decoded path leads to."""
        return self._remembered(path, method) if len(path) <= SHORT else self._match(path, method)

    def _match(self, path: str, method: str) -> Found:
        try:
            operation, args = self._adapter.match(path, method)
        except MethodNotAllowed as error:
            return self._without_method(path, error.valid_methods or ())
        except HTTPException:
            return Found()
        if operation is not None and operation.method == method:
            return Found(operation, dict(args))
        # A path that has no methods at all, and a client has found the word that stands in for them; or a method in
        # small letters.
        return Found(None, dict(args), (operation.method,) if operation else ())

    def _without_method(self, path: str, methods: Iterable[str]) -> Found:
        others = list(methods)
        args = dict(self._adapter.match(path, others[0])[1]) if others else None
        return Found(None, args, tuple(set(others) - _NOT_METHODS))


def _rules(provider: Provider) -> Iterator[Rule]:
    for operation in provider.operations:
        path = _rule(f"/{provider.name}{operation.path}")
        yield Matched(path, endpoint=operation, methods=[operation.method])
    for path in provider.refused_paths:
        yield Matched(_rule(f"/{provider.name}{path}"), endpoint=None, methods=[NO_METHOD])


def _never(**_: str) -> str:
    raise AssertionError("the pipeline answers before any view of a provider is asked")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which provider a request goes."""

    provider: str
    mount: str
    """What stands before the provider's own paths in links."""
    path: str
    """The canonical one, ``/<provider>/...``, decoded."""


def places(providers: Collection[str], alone: str | None) -> Callable[[str, str, str], Place | None]:
    """Turns every way to reach a provider, a path as WSGI has it and as it was sent to a host, into the canonical one.

    None for what is no provider's.
    """

    def place(path: str, sent: str, host: str) -> Place | None:
        path = _kept_slashes(path, sent)
        first = path.split("/", 2)[1] if path.startswith("/") and path != "/" else ""
        named = _by_host(host, providers)
        if named is None and first in providers:
            return Place(first, f"/{first}", _decoded(path))
        provider = named or alone
        return Place(provider, "", _decoded(f"/{provider}{path}")) if provider and first not in _OURS else None

    return place


def _decoded(path: str) -> str:
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def later(make: Callable[[], WSGI]) -> WSGI:
    """An application that is made for its first request."""
    made = cache(make)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return made()(environ, start_response)

    return application


def as_written(inner: WSGI) -> WSGI:
    """Have Werkzeug see a path as it was sent."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"] = _kept_slashes(environ.get("PATH_INFO", ""), as_sent(environ))
        if not path.startswith("/") or path.startswith("//"):
            # Werkzeug would take such a path for the one with a single slash.
            environ["PATH_INFO"] = f"/.{path}"
        return inner(environ, start_response)

    return application


def as_sent(environ: Environ) -> str:
    """The target as the client sent it; empty where the server does not say."""
    sent: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return sent


def _kept_slashes(path: str, sent: str) -> str:
    """The decoded path, in which a slash that was sent encoded is no separator."""
    sent = sent.partition("?")[0]
    if "%2f" not in sent.lower() or not sent.startswith("/"):
        return path
    stand_in = ENCODED_SLASH.encode().decode("latin-1")
    pieces = re.split("%2f", sent, flags=re.IGNORECASE)
    return stand_in.join(unquote_to_bytes(piece).decode("latin-1") for piece in pieces)


def _by_host(host: str, providers: Collection[str]) -> str | None:
    name, _, rest = host.partition(":")[0].lower().partition(".")
    return name if rest == "localhost" and name in providers else None
