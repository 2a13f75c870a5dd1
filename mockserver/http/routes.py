"""The paths of providers, matched by the rules that Flask has from Werkzeug."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, Rule

from mockserver.engine import Operation, Provider

NO_METHOD = "NONE"
"""Stands in for the methods of a path that exists and has none."""
_HIDDEN_METHODS = {"HEAD", "OPTIONS", NO_METHOD}


class MatchOnlyRule(Rule):
    """A rule that is matched and never built: nothing here asks Flask for a URL, and half a start would go into it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _never_built


def _never_built(*_: Any) -> tuple[str, str]:
    raise AssertionError("no URL is built from a rule")


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """What a path leads to: the operation, what the path names such as its tenant, and which methods it has instead."""

    operation: Operation | None = None
    args: dict[str, Any] | None = None
    allowed: tuple[str, ...] | None = None
    """The methods a path has, when it has not the one asked for; None when there is no such path, or all is well."""


CACHE_SIZE, MAX_CACHED_LENGTH = 2_048, 200
"""So many paths of at most so many characters are remembered with what they lead to."""


class ProviderRoutes:
    """The paths of providers; those of one that nobody asks are never compiled."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.name: provider for provider in providers}
        # Clients ask for the same paths again and again, and matching is a tenth of reading one record.
        self._cached_match = lru_cache(maxsize=CACHE_SIZE)(self._match)

    def match(self, path: str, method: str) -> RouteMatch:
        """What a decoded path leads to."""
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
        # A path that has no methods at all, and a client has found the word that stands in for them; or a method in
        # small letters.
        return RouteMatch(None, dict(args), (operation.method,) if operation else ())


def _method_not_allowed(adapter: MapAdapter, path: str, methods: Iterable[str]) -> RouteMatch:
    others = list(methods)
    args = dict(adapter.match(path, others[0])[1]) if others else None
    return RouteMatch(None, args, tuple(set(others) - _HIDDEN_METHODS))


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
    """A path with its ids in braces, as Werkzeug writes it."""
    return path.replace("{", "<").replace("}", ">")
