"""What is known about a peer: how it is installed and started, and what it is asked."""

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
    """The record that everybody keeps, where a peer lets its records be chosen."""
    return {"id": f"sec_{nth:016d}", "name": f"Sector {nth:08d}"}


@dataclass(frozen=True)
class RequestTemplate:
    """A request, ``key`` being its Authorization header.

    ``$id`` is the first record's id, ``$nth`` a number never used before, ``$key`` its thousands.
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

    def changes(self) -> bool:
        return any(name in text for name in ("$nth", "$key") for text in (self.path, self.body, self.key))


@dataclass(frozen=True)
class RequestTemplates:
    """The three requests, and the one whose 200 shows that it is up."""

    get: RequestTemplate
    list: RequestTemplate
    create: RequestTemplate
    ready: RequestTemplate


@dataclass(frozen=True)
class Package:
    """Where a peer comes from: a folder of the npm project, or a virtual environment of its own."""

    manager: Literal["npm", "pip"]
    name: str


@dataclass(frozen=True)
class Delay:
    """How an answer is made to wait 2 s: more arguments for the whole server, or a path of its own."""

    request: RequestTemplate
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fill:
    """How records come into a peer that does not begin with them: so many by each request."""

    request: Callable[[int], RequestTemplate]
    each: int = 1


@dataclass(frozen=True)
class Peer:
    """One peer, as data."""

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
    """What a plain REST collection is asked."""
    get = RequestTemplate("GET", f"{path}/$id")
    create = RequestTemplate("POST", path, json.dumps({"name": "Sector $nth"}), JSON)
    return RequestTemplates(get=get, list=RequestTemplate("GET", f"{path}?{page}"), create=create, ready=get)
