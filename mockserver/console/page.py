"""What a page of the console is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from mockserver.admin.client import Client
from mockserver.console.addresses import ROOT


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request of a browser, read."""

    api: Client
    args: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]

    def call_sandbox(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Ask the admin API about the sandbox of this page; ``path`` begins behind ``/sandboxes/{sandbox}``."""
        return self.api(method, f"/sandboxes/{{sandbox}}{path}", body, query, **self.args)


@dataclass(frozen=True, slots=True)
class Page:
    """A template, and what it is filled with."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser goes after something was done, and the word for what was done."""

    location: str
    notice: str = ""
    number: int | None = None

    @property
    def url(self) -> str:
        """The whole address."""
        said = {"done": self.notice, **({} if self.number is None else {"n": self.number})}
        return f"{self.location}?{urlencode(said)}" if self.notice else self.location


def sandbox_url(sandbox: str, *parts: str) -> str:
    """The address of a page about a sandbox."""
    return "/".join((f"{ROOT}/sandboxes", *(quote(each, safe="") for each in (sandbox, *parts))))


def sandbox_page(request: PageRequest, tab: str, template: str, **filled: Any) -> Page:
    """A page about one sandbox, with what the head of every such page shows."""
    return Page(template, {"sandbox": request.call_sandbox("GET", ""), "tab": tab, **filled})
