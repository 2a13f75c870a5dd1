"""From a request line to the provider and the operation it is for; equal request lines are resolved once.

In one direction: the host, the provider, the path, the operation, the query. What follows depends on the key a
request shows and on its body, and is the edge's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from mockserver.engine import Operation, Provider
from mockserver.http.hosts import Hosts
from mockserver.http.paths import Paths

Environ = dict[str, Any]
ENCODED_SLASH = "\ue02f"
"""Stands in for a slash that a client has sent as %2F; a private character that no path has any use for."""
_OURS = ("__admin", "health", "healthz", "ready", "readyz")
REMEMBERED, SHORT = 512, 2_048
"""So many request lines of at most so many characters are remembered with what they ask."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a request line asks of a provider; the calls of equal ones share it, and change nothing in it."""

    provider: Provider
    mount: str
    method: str
    path: str
    """As the client sent it."""
    host: str
    operation: Operation | None
    args: Mapping[str, str]
    allowed: tuple[str, ...] | None
    query: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NoTarget:
    """What a request line is that asks nothing of a provider."""

    reason: str


NOT_OURS: Final = NoTarget("addressed to a name that the server does not have")
NO_PROVIDER: Final = NoTarget("for the admin API, the console or nobody")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which provider a request goes."""

    provider: str
    mount: str
    """What stands before the provider's own paths in links."""
    path: str
    """The canonical one, ``/<provider>/...``, decoded."""


class Resolver:
    """Resolves request lines; ``alone`` names the provider that is also served at the root."""

    def __init__(self, providers: Mapping[str, Provider], hosts: Hosts, alone: str | None = None) -> None:
        self._providers, self._hosts = providers, hosts
        self._place = places(providers, alone)
        self._find = Paths(providers.values()).find
        # Clients send the same lines again and again, and working out what they ask is a fifth of reading a record.
        self.remembered = lru_cache(maxsize=REMEMBERED)(self._resolve)

    def resolve(self, environ: Environ) -> Target | NoTarget:
        """What a request asks of a provider; NOT_OURS or NO_PROVIDER when it asks nothing of one."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        sent = as_sent(environ)
        is_short = len(sent) + len(path) + len(query) <= SHORT
        return (self.remembered if is_short else self._resolve)(
            environ["REQUEST_METHOD"], path, query, sent, environ.get("HTTP_HOST", "localhost")
        )

    def _resolve(self, method: str, path: str, query: str, sent: str, host: str) -> Target | NoTarget:
        if not self._hosts.admits(host):
            return NOT_OURS
        place = self._place(path, sent, host)
        if place is None:
            return NO_PROVIDER
        found = self._find(place.path, method)
        return Target(
            provider=self._providers[place.provider],
            mount=place.mount,
            method=method,
            path=_sent_path(sent or path),
            host=host.lower(),
            operation=found.operation,
            args={name: value.replace(ENCODED_SLASH, "/") for name, value in (found.args or {}).items()},
            allowed=found.allowed,
            query=parse_qsl(query, keep_blank_values=True) if query else [],
        )


def _sent_path(sent: str) -> str:
    path = sent.partition("?")[0]
    # A proxy's client names the whole URL; its authority may be anything.
    return path if path.startswith("/") else f"/{path.partition('://')[2].partition('/')[2]}"


def places(providers: Collection[str], alone: str | None) -> Callable[[str, str, str], Place | None]:
    """Turns every way to reach a provider, a path as WSGI has it and as it was sent to a host, into the canonical one.

    None for what is no provider's.
    """

    def place(path: str, sent: str, host: str) -> Place | None:
        path = kept_slashes(path, sent)
        first = path.split("/", 2)[1] if path.startswith("/") and path != "/" else ""
        named = _by_host(host, providers)
        if named is None and first in providers:
            return Place(first, f"/{first}", _decoded(path))
        provider = named or alone
        return Place(provider, "", _decoded(f"/{provider}{path}")) if provider and first not in _OURS else None

    return place


def _decoded(path: str) -> str:
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def as_sent(environ: Environ) -> str:
    """The target as the client sent it; empty where the server does not say."""
    sent: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return sent


def kept_slashes(path: str, sent: str) -> str:
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
