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
from mockserver.http.hosts import AllowedHosts
from mockserver.http.routes import ProviderRoutes

Environ = dict[str, Any]
ENCODED_SLASH = "\ue02f"
"""Stands in for a slash that a client has sent as %2F; a private character that no path has any use for."""
_RESERVED_SEGMENTS = ("__admin", "health", "healthz", "ready", "readyz")
CACHE_SIZE, MAX_CACHED_LENGTH = 512, 2_048
"""So many request lines of at most so many characters are remembered with what they ask."""


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
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
class UnresolvedTarget:
    """What a request line is that asks nothing of a provider."""

    reason: str


UNKNOWN_HOST: Final = UnresolvedTarget("addressed to a name that the server does not have")
NO_PROVIDER: Final = UnresolvedTarget("for the admin API, the console or nobody")


@dataclass(frozen=True, slots=True)
class ProviderPath:
    """Where in which provider a request goes."""

    provider: str
    mount: str
    """What stands before the provider's own paths in links."""
    path: str
    """The canonical one, ``/<provider>/...``, decoded."""


class RequestResolver:
    """Resolves request lines; ``root_provider`` names the provider that is also served at the root."""

    def __init__(
        self, providers: Mapping[str, Provider], hosts: AllowedHosts, root_provider: str | None = None
    ) -> None:
        self._providers, self._hosts = providers, hosts
        self._find_provider_path = provider_path_finder(providers, root_provider)
        self._match_route = ProviderRoutes(providers.values()).match
        # Clients send the same lines again and again, and working out what they ask is a fifth of reading a record.
        self.cached_resolve = lru_cache(maxsize=CACHE_SIZE)(self._resolve)

    def resolve(self, environ: Environ) -> ResolvedTarget | UnresolvedTarget:
        """What a request asks of a provider; NOT_OURS or NO_PROVIDER when it asks nothing of one."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        sent = raw_target(environ)
        is_short = len(sent) + len(path) + len(query) <= MAX_CACHED_LENGTH
        return (self.cached_resolve if is_short else self._resolve)(
            environ["REQUEST_METHOD"], path, query, sent, environ.get("HTTP_HOST", "localhost")
        )

    def _resolve(self, method: str, path: str, query: str, sent: str, host: str) -> ResolvedTarget | UnresolvedTarget:
        if not self._hosts.allows(host):
            return UNKNOWN_HOST
        place = self._find_provider_path(path, sent, host)
        if place is None:
            return NO_PROVIDER
        found = self._match_route(place.path, method)
        return ResolvedTarget(
            provider=self._providers[place.provider],
            mount=place.mount,
            method=method,
            path=_raw_path(sent or path),
            host=host.lower(),
            operation=found.operation,
            args={name: value.replace(ENCODED_SLASH, "/") for name, value in (found.args or {}).items()},
            allowed=found.allowed,
            query=parse_qsl(query, keep_blank_values=True) if query else [],
        )


def _raw_path(sent: str) -> str:
    path = sent.partition("?")[0]
    # A proxy's client names the whole URL; its authority may be anything.
    return path if path.startswith("/") else f"/{path.partition('://')[2].partition('/')[2]}"


def provider_path_finder(
    providers: Collection[str], root_provider: str | None
) -> Callable[[str, str, str], ProviderPath | None]:
    """Turns every way to reach a provider, a path as WSGI has it and as it was sent to a host, into the canonical one.

    None for what is no provider's.
    """

    def place(path: str, sent: str, host: str) -> ProviderPath | None:
        path = preserve_encoded_slashes(path, sent)
        first = path.split("/", 2)[1] if path.startswith("/") and path != "/" else ""
        named = _provider_of_host(host, providers)
        if named is None and first in providers:
            return ProviderPath(first, f"/{first}", _decode_utf8(path))
        provider = named or root_provider
        return (
            ProviderPath(provider, "", _decode_utf8(f"/{provider}{path}"))
            if provider and first not in _RESERVED_SEGMENTS
            else None
        )

    return place


def _decode_utf8(path: str) -> str:
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def raw_target(environ: Environ) -> str:
    """The target as the client sent it; empty where the server does not say."""
    sent: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return sent


def preserve_encoded_slashes(path: str, sent: str) -> str:
    """The decoded path, in which a slash that was sent encoded is no separator."""
    sent = sent.partition("?")[0]
    if "%2f" not in sent.lower() or not sent.startswith("/"):
        return path
    stand_in = ENCODED_SLASH.encode().decode("latin-1")
    pieces = re.split("%2f", sent, flags=re.IGNORECASE)
    return stand_in.join(unquote_to_bytes(piece).decode("latin-1") for piece in pieces)


def _provider_of_host(host: str, providers: Collection[str]) -> str | None:
    name, _, rest = host.partition(":")[0].lower().partition(".")
    return name if rest == "localhost" and name in providers else None
