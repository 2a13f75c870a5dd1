"""The request that every admin handler receives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mockserver.engine import Engine, Sandbox


@dataclass(frozen=True)
class AdminRequest:
    """A request to the admin API, after its path, query and body have been parsed."""

    engine: Engine
    args: Mapping[str, str]
    """The values of the placeholders in the route's path."""
    body: Any
    query: Any
    origin: str
    """Scheme and host for the URLs in responses."""
    server_info: Callable[[], Any] = dict
    """Returns the settings and the bounds of the server."""

    @cached_property
    def sandbox(self) -> Sandbox:
        """The sandbox named in the path; raises UnknownName if there is none."""
        return self.engine.get_sandbox(self.args["sandbox"])
