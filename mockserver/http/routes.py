"""Matches paths of providers to operations with Werkzeug's rules, as Flask does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, Rule

from mockserver.engine import Operation, Provider

NO_METHOD = "NONE"
"""The placeholder method of a path that exists without any operation."""
_HIDDEN_METHODS = {"HEAD", "OPTIONS", NO_METHOD}


class MatchOnlyRule(Rule):
    """A rule that cannot build URLs, because compiling the unused URL builders would take half of the start time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _never_built


def _never_built(*_: Any) -> tuple[str, str]:
    raise AssertionError("a MatchOnlyRule cannot build a URL")


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The result of matching a path: the operation and the path parameters, or the methods that the path allows."""

    operation: Operation | None = None
    args: dict[str, Any] | None = None
    allowed: tuple[str, ...] | None = None
    """The methods of a known path that does not have the requested one; None if the path is unknown or matched."""


CACHE_SIZE, MAX_CACHED_LENGTH = 2_048, 200
"""The number of cached matches, and the length in characters above which a path is not cached."""


class ProviderRoutes:
    """The paths of all providers; the rules of a provider are compiled at the first request for it."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        # Clients repeat paths, and matching takes a tenth of the time of a call that reads one record.
        self._cached_match = lru_cache(maxsize=CACHE_SIZE)(self._match)

    def match(self, path: str, method: str) -> RouteMatch:
        """Matches a decoded path, ``/<provider>/…``, and a method."""
        return self._cached_match(path, method) if len(path) <= MAX_CACHED_LENGTH else self._match(path, method)

    def _match(self, path: str, method: str) -> RouteMatch:
        provider = self._providers.get(path[1:].partition("/")[0])
        if provider is None:
            return RouteMatch()
        adapter = _compile_rules(provider)
        try:
            operation, args = adapter.match(path, method)
        except MethodNotAllowed as error:
            return _method_not_allowed(adapter, path, error.valid_methods or ())
        except HTTPException:
            return RouteMatch()
        if operation is not None and operation.method == method:
            return RouteMatch(operation, dict(args))
        # Werkzeug also matches a method in lower case, and the placeholder NONE, which a client can send as a method.
        return RouteMatch(None, dict(args), (operation.method,) if operation else ())


def _method_not_allowed(adapter: MapAdapter, path: str, methods: Iterable[str]) -> RouteMatch:
    allowed = list(methods)
    args = dict(adapter.match(path, allowed[0])[1]) if allowed else None
    return RouteMatch(None, args, tuple(set(allowed) - _HIDDEN_METHODS))


@lru_cache(maxsize=16)
def _compile_rules(provider: Provider) -> MapAdapter:
    return Map(list(_rules(provider)), merge_slashes=False).bind("")


def _rules(provider: Provider) -> Iterator[Rule]:
    for operation in provider.operations:
        path = to_werkzeug_rule(f"/{provider.name}{operation.path}")
        yield MatchOnlyRule(path, endpoint=operation, methods=[operation.method])
    for path in provider.refused_paths:
        yield MatchOnlyRule(to_werkzeug_rule(f"/{provider.name}{path}"), endpoint=None, methods=[NO_METHOD])


def to_werkzeug_rule(path: str) -> str:
    """Converts a path template with braces, ``/a/{id}``, to Werkzeug's syntax, ``/a/<id>``."""
    return path.replace("{", "<").replace("}", ">")
