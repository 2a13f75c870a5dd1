"""One admin request, as the handlers get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mockserver.engine import Engine, Sandbox


@dataclass(frozen=True)
class AdminRequest:
    """One admin request, read."""

    engine: Engine
    args: Mapping[str, str]
    body: Any
    query: Any
    origin: str
    server_info: Callable[[], Any] = dict
    """The settings and the bounds of the server."""

    @cached_property
    def sandbox(self) -> Sandbox:
        """The sandbox named in the path; Unknown when there is none."""
        return self.engine.get_sandbox(self.args["sandbox"])
