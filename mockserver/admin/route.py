"""What an admin operation is: method, path, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from mockserver.admin.admin_request import AdminRequest


class FreeForm(BaseModel):
    """A body whose members depend on what is named in the path."""


@dataclass(frozen=True, slots=True)
class Route:
    """One admin operation."""

    method: str
    path: str
    handler: Callable[[AdminRequest], Any]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return (self.handler.__doc__ or "").split("\n")[0]
