"""An operation: its method, path and models, and the function that performs it."""

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
    """A response model that is imported when it is first used, because only OpenAPI documents need it."""

    module: str
    name: str

    def load(self) -> type[BaseModel]:
        model: type[BaseModel] = getattr(import_module(self.module), self.name)
        return model


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. ``path`` has its parameters in braces: ``/v1/employees/{id}``."""

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
    """The statuses of its documented refusals."""
    media_types: tuple[str, ...] = ("application/json",)
    """The media types of a successful response."""
    scope: str | None = None
    """The scope that a key needs; None if every key may use the operation."""
    available_if: Callable[[Assumptions], bool] | None = None
    """Whether a sandbox with these assumptions has the operation; None means always."""

    prepare: Callable[[Call], Any] | None = None
    """Does slow work before the transaction begins; ``call.prepared`` is its result."""

    def is_available(self, assumptions: Assumptions) -> bool:
        return self.available_if is None or self.available_if(assumptions)

    @property
    def response_model(self) -> type[BaseModel] | None:
        """The model of a successful response."""
        return self.response.load() if isinstance(self.response, LazyModel) else self.response

    @property
    def statuses(self) -> frozenset[int]:
        """All documented statuses: success and refusals."""
        return frozenset((self.status, *self.refusals))
