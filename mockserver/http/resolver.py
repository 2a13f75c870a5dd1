"""The resolver: finds the provider and the operation of a request line; results are cached.

It reads, in this order, the host, the provider, the path, the operation and the query. The edge reads the credential
and the body.
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
"""The placeholder for a slash that the client sent as %2F: a private-use character that no path contains."""
_RESERVED_SEGMENTS = ("__admin", "health", "healthz", "ready", "readyz")
CACHE_SIZE, MAX_CACHED_LENGTH = 512, 2_048
"""The number of cached request lines, and the length in characters above which a line is not cached."""


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """A request line resolved to a provider; calls with equal request lines share one, so it must not be changed."""

    provider: Provider
    mount: str
    method: str
    path: str
    """The raw path, as the client sent it."""
    host: str
    operation: Operation | None
    args: Mapping[str, str]
    allowed: tuple[str, ...] | None
    query: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class UnresolvedTarget:
    """The reason why a request line is not for a provider."""

    reason: str


UNKNOWN_HOST: Final = UnresolvedTarget("the server does not accept the host name")
NO_PROVIDER: Final = UnresolvedTarget("the path belongs to the admin API, the console or nothing")


@dataclass(frozen=True, slots=True)
class ProviderPath:
    """A path of a provider, independent of how the client addresses the provider."""

    provider: str
    mount: str
    """The prefix of the provider's paths in links: ``/<provider>``, or empty."""
    path: str
    """The canonical path, ``/<provider>/…``, decoded."""


class RequestResolver:
    """Resolves request lines; ``root_provider`` is the provider that is also served at the root."""

    def __init__(
        self, providers: Mapping[str, Provider], hosts: AllowedHosts, root_provider: str | None = None
    ) -> None:
        self._providers, self._hosts = providers, hosts
        self._find_provider_path = provider_path_finder(providers, root_provider)
        self._match_route = ProviderRoutes(providers.values()).match
        # Clients repeat request lines, and resolving takes a fifth of the time of a call that reads one record.
        self.cached_resolve = lru_cache(maxsize=CACHE_SIZE)(self._resolve)

    def resolve(self, environ: Environ) -> ResolvedTarget | UnresolvedTarget:
        """Returns the target of a request; UNKNOWN_HOST or NO_PROVIDER if it is not for a provider."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        target = raw_target(environ)
        is_short = len(target) + len(path) + len(query) <= MAX_CACHED_LENGTH
        return (self.cached_resolve if is_short else self._resolve)(
            environ["REQUEST_METHOD"], path, query, target, environ.get("HTTP_HOST", "localhost")
        )

    def _resolve(self, method: str, path: str, query: str, target: str, host: str) -> ResolvedTarget | UnresolvedTarget:
        if not self._hosts.allows(host):
            return UNKNOWN_HOST
        provider_path = self._find_provider_path(path, target, host)
        if provider_path is None:
            return NO_PROVIDER
        route = self._match_route(provider_path.path, method)
        return ResolvedTarget(
            provider=self._providers[provider_path.provider],
            mount=provider_path.mount,
            method=method,
            path=_raw_path(target or path),
            host=host.lower(),
            operation=route.operation,
            args={name: value.replace(ENCODED_SLASH, "/") for name, value in (route.args or {}).items()},
            allowed=route.allowed,
            query=parse_qsl(query, keep_blank_values=True) if query else [],
        )


def _raw_path(target: str) -> str:
    path = target.partition("?")[0]
    # A client that uses a proxy sends an absolute URL.
    return path if path.startswith("/") else f"/{path.partition('://')[2].partition('/')[2]}"


def provider_path_finder(
    providers: Collection[str], root_provider: str | None
) -> Callable[[str, str, str], ProviderPath | None]:
    """Returns a function that finds the provider of a WSGI path, a raw request target and a host.

    The function returns None if the request is not for a provider.
    """

    def find(path: str, target: str, host: str) -> ProviderPath | None:
        path = preserve_encoded_slashes(path, target)
        first = path.split("/", 2)[1] if path.startswith("/") and path != "/" else ""
        host_provider = _provider_of_host(host, providers)
        if host_provider is None and first in providers:
            return ProviderPath(first, f"/{first}", _decode_utf8(path))
        provider = host_provider or root_provider
        return (
            ProviderPath(provider, "", _decode_utf8(f"/{provider}{path}"))
            if provider and first not in _RESERVED_SEGMENTS
            else None
        )

    return find


def _decode_utf8(path: str) -> str:
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def raw_target(environ: Environ) -> str:
    """Returns the request target as the client sent it; empty if the WSGI server does not provide it."""
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return target


def preserve_encoded_slashes(path: str, target: str) -> str:
    """Returns the decoded path with ENCODED_SLASH for each slash that was sent encoded."""
    target = target.partition("?")[0]
    if "%2f" not in target.lower() or not target.startswith("/"):
        return path
    placeholder = ENCODED_SLASH.encode().decode("latin-1")
    pieces = re.split("%2f", target, flags=re.IGNORECASE)
    return placeholder.join(unquote_to_bytes(piece).decode("latin-1") for piece in pieces)


def _provider_of_host(host: str, providers: Collection[str]) -> str | None:
    name, _, rest = host.partition(":")[0].lower().partition(".")
    return name if rest == "localhost" and name in providers else None
