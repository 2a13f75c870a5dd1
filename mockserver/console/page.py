"""The types of the page handlers: their request, and the page or redirect that they return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from mockserver.admin.client import Client
from mockserver.console.addresses import ROOT


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request of a browser; ``args`` are the values of the placeholders in the path."""

    api: Client
    args: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]

    def call_sandbox(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Calls the admin API for the sandbox of this page; ``path`` is relative to ``/sandboxes/{sandbox}``.

        Raises AdminApiError when the admin API refuses.
        """
        return self.api(method, f"/sandboxes/{{sandbox}}{path}", body, query, **self.args)


@dataclass(frozen=True, slots=True)
class Page:
    """A template and its variables."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect after an action; ``notice`` is a key of NOTICES, and ``number`` replaces ``{n}`` in this notice."""

    location: str
    notice: str = ""
    number: int | None = None

    @property
    def url(self) -> str:
        query = {"done": self.notice, **({} if self.number is None else {"n": self.number})}
        return f"{self.location}?{urlencode(query)}" if self.notice else self.location


def sandbox_url(sandbox: str, *parts: str) -> str:
    """Returns the path of a sandbox's page; every part is percent-encoded."""
    return "/".join((f"{ROOT}/sandboxes", *(quote(each, safe="") for each in (sandbox, *parts))))


def sandbox_page(request: PageRequest, tab: str, template: str, **context: Any) -> Page:
    """Returns a page of a sandbox; adds the variables that the header of these pages needs."""
    return Page(template, {"sandbox": request.call_sandbox("GET", ""), "tab": tab, **context})
