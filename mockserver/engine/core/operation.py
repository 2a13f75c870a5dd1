"""What a provider documents: method, path, models, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from mockserver.engine.core.assumptions import Assumptions
from mockserver.engine.core.call import Call
from mockserver.engine.core.reply import Reply


@dataclass(frozen=True, slots=True)
class LazyModel:
    """A model that is imported when someone asks for it: those of answers are many, and only documents need them."""

    module: str
    name: str

    def load(self) -> type[BaseModel]:
        """The model itself."""
        named: type[BaseModel] = getattr(import_module(self.module), self.name)
        return named


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. ``path`` names its ids in braces: ``/v1/employees/{id}``."""

    name: str
    method: str
    path: str
    perform: Callable[[Call], Reply]
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    response: type[BaseModel] | LazyModel | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    """The statuses it may be refused with."""
    media_types: tuple[str, ...] = ("application/json",)
    """The media types it answers with when it does what it was asked."""
    scope: str | None = None
    available_if: Callable[[Assumptions], bool] | None = None
    """Whether a sandbox has the operation at all, where the documents leave that open."""

    prepare: Callable[[Call], Any] | None = None
    """Run before the transaction, for what takes time; ``call.prepared`` is what it answers."""

    def is_available(self, assumptions: Assumptions) -> bool:
        """Whether a sandbox with these assumptions has the operation."""
        return self.available_if is None or self.available_if(assumptions)

    @property
    def response_model(self) -> type[BaseModel] | None:
        """What it answers with, field by field, when it does what it was asked."""
        return self.response.load() if isinstance(self.response, LazyModel) else self.response

    @property
    def statuses(self) -> frozenset[int]:
        """Every status the operation is documented to answer with."""
        return frozenset((self.status, *self.refusals))
