"""What the head of a request asks of whom; what equal request lines ask is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from mockserver.engine import Credential, Operation, Provider
from mockserver.http.mounts import ENCODED_SLASH, Environ, Found, Place, as_sent
from mockserver.http.parser import HEADERS, by_name

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


class Head(NamedTuple):
    """A request without its body."""

    target: Target
    headers: Mapping[str, str]
    credential: Credential


class Heads:
    """Reads heads: ``place`` says where in which provider a request goes, ``find`` which operation is there."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        find: Callable[[str, str], Found],
        place: Callable[[str, str, str], Place | None],
    ) -> None:
        self._providers, self._find, self._place = providers, find, place
        # Clients send the same lines again and again, and working out what they ask is a fifth of reading a record.
        self.remembered = lru_cache(maxsize=REMEMBERED)(self._target)

    def read(self, environ: Environ) -> Head | None:
        """What a request asks of a provider; None when it is not for one."""
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        sent = as_sent(environ)
        is_short = len(sent) + len(path) + len(query) <= SHORT
        target = (self.remembered if is_short else self._target)(
            environ["REQUEST_METHOD"], path, query, sent, environ.get("HTTP_HOST", "localhost")
        )
        if target is None:
            return None
        headers = environ.get(HEADERS) or by_name(environ)
        return Head(target, headers, target.provider.credential(headers, query))

    def _target(self, method: str, path: str, query: str, sent: str, host: str) -> Target | None:
        place = self._place(path, sent, host)
        if place is None:
            return None
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
