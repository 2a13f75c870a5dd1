"""The type of an entry in the table of admin routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from mockserver.admin.admin_request import AdminRequest


class FreeForm(BaseModel):
    """A body with any members: they depend on the simulation or scenario named in the path."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the admin API; ``body`` and ``query`` are the models that validate a request."""

    method: str
    path: str
    handler: Callable[[AdminRequest], Any]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").split("\n")[0]
