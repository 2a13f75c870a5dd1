"""What a page of the console is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from mockserver.admin.client import Client
from mockserver.console.addresses import ROOT


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser, read."""

    api: Client
    args: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Ask the admin API about the sandbox of this page; ``path`` begins behind ``/sandboxes/{sandbox}``."""
        return self.api(method, f"/sandboxes/{{sandbox}}{path}", body, query, **self.args)


@dataclass(frozen=True, slots=True)
class Shown:
    """A template, and what it is filled with."""

    template: str
    filled: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """Where the browser goes after something was done, and the word for what was done."""

    place: str
    done: str = ""
    number: int | None = None

    @property
    def address(self) -> str:
        """The whole address."""
        said = {"done": self.done, **({} if self.number is None else {"n": self.number})}
        return f"{self.place}?{urlencode(said)}" if self.done else self.place


def at(sandbox: str, *parts: str) -> str:
    """The address of a page about a sandbox."""
    return "/".join((f"{ROOT}/sandboxes", *(quote(each, safe="") for each in (sandbox, *parts))))


def of_sandbox(visit: Visit, tab: str, template: str, **filled: Any) -> Shown:
    """A page about one sandbox, with what the head of every such page shows."""
    return Shown(template, {"sandbox": visit.ask("GET", ""), "tab": tab, **filled})
