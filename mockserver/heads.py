"""What the head of a request asks of whom, worked out once for all heads that are equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import Credential, Operation, Provider
from mockserver.mounts import ENCODED_SLASH, Environ, Found, Place

SENT = "testmode.head"
"""Where the server puts the bytes of a head, for they say all that is read here; without them nothing is remembered."""
REMEMBERED, SHORT = 512, 2_048
"""So many heads of at most so many bytes are remembered with what they ask."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body; the calls of equal heads share it, and change nothing in it."""

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
    headers: Mapping[str, str]
    credential: Credential


class Heads:
    """Reads heads: ``place`` says where in which provider a request goes, ``find`` which operation is there."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        find: Callable[[str, str], Found],
        place: Callable[[Environ], Place | None],
    ) -> None:
        self._providers, self._find, self._place = providers, find, place
        self._known: dict[bytes, Head] = {}

    def read(self, environ: Environ) -> Head | None:
        """What a request asks of a provider; None when it is not for one."""
        sent: bytes | None = environ.get(SENT)
        if sent is None or len(sent) > SHORT:
            return self._read(environ)
        # Clients send the same head again and again, and reading it is a quarter of reading a record.
        known = self._known.get(sent)
        if known is None and (known := self._read(environ)) is not None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[sent] = known
        return known

    def _read(self, environ: Environ) -> Head | None:
        place = self._place(environ)
        if place is None:
            return None
        provider, method = self._providers[place.provider], environ["REQUEST_METHOD"]
        found, headers, query = self._find(place.path, method), _headers(environ), environ.get("QUERY_STRING", "")
        return Head(
            provider=provider,
            mount=place.mount,
            method=method,
            path=_sent_path(environ),
            host=headers.get("host", "localhost").lower(),
            operation=found.operation,
            args={name: value.replace(ENCODED_SLASH, "/") for name, value in (found.args or {}).items()},
            allowed=found.allowed,
            query=parse_qsl(query, keep_blank_values=True) if query else [],
            headers=headers,
            credential=provider.credential(headers, query),
        )


def _headers(environ: Environ) -> dict[str, str]:
    headers = {_header(name): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


@lru_cache(maxsize=512)
def _header(name: str) -> str:
    return name[5:].replace("_", "-").lower()


def _sent_path(environ: dict[str, Any]) -> str:
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
    path = target.partition("?")[0]
    # A proxy's client names the whole URL; its authority may be anything.
    return path if path.startswith("/") else f"/{path.partition('://')[2].partition('/')[2]}"
