"""The type that describes a peer: how to install and start it, and which requests to send to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Literal

from benchmarks.load import request

KEY = "Bearer sk_test_bench"
FIRST_RECORD = 0


def record(nth: int) -> dict[str, str]:
    """Returns the nth record, for peers whose records can be chosen."""
    return {"id": f"sec_{nth:016d}", "name": f"Sector {nth:08d}"}


@dataclass(frozen=True)
class RequestTemplate:
    """A request with variables; ``key`` is the value of its Authorization header.

    ``$id`` is the id of the first record, ``$nth`` is a different number in each request, and ``$key`` is this number
    divided by 1,000.
    """

    method: str
    path: str
    body: str = ""
    headers: tuple[str, ...] = ()
    key: str = KEY

    def bytes(self, id: str, nth: int) -> bytes:
        names = {"id": id, "nth": f"{nth:08d}", "key": nth // 1_000}
        path, body, key = (Template(text).substitute(names) for text in (self.path, self.body, self.key))
        return request(self.method, path, "", body.encode(), (f"Authorization: {key}", *self.headers))

    def has_variables(self) -> bool:
        return any(name in text for name in ("$nth", "$key") for text in (self.path, self.body, self.key))


@dataclass(frozen=True)
class RequestTemplates:
    """The three measured requests, and the request whose 2xx response shows that the peer is ready."""

    get: RequestTemplate
    list: RequestTemplate
    create: RequestTemplate
    ready: RequestTemplate


@dataclass(frozen=True)
class Package:
    """The source of a peer: a package of the npm project, or a package in its own virtual environment."""

    manager: Literal["npm", "pip"]
    name: str


@dataclass(frozen=True)
class Delay:
    """How a response is delayed by 2 s: with ``arguments`` for the server, or with a request to a slow path."""

    request: RequestTemplate
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fill:
    """The request that creates ``each`` records in a peer that reads no records at startup."""

    request: Callable[[int], RequestTemplate]
    each: int = 1


@dataclass(frozen=True)
class Peer:
    """A peer; ``unlike`` says how it differs from the other servers."""

    title: str
    package: Package
    command: tuple[str, ...]
    requests: RequestTemplates
    state: Literal["disk", "memory", "none"]
    unlike: str
    files: Callable[[int], Mapping[str, str]] = lambda _records: {}
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[RequestTemplate, ...] = ()
    fill: Fill | None = None
    id_in_list: tuple[str | int, ...] = ()
    delay: Delay | None = None
    leftover_file: str = ""


JSON = ("Content-Type: application/json",)


def rest_requests(path: str, page: str) -> RequestTemplates:
    """Returns the requests to a plain REST collection; ``page`` is the query for a list of 20."""
    get = RequestTemplate("GET", f"{path}/$id")
    create = RequestTemplate("POST", path, json.dumps({"name": "Sector $nth"}), JSON)
    return RequestTemplates(get=get, list=RequestTemplate("GET", f"{path}?{page}"), create=create, ready=get)
