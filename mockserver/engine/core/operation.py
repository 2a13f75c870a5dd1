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
class Later:
    """A model that is imported when someone asks for it: those of answers are many, and only documents need them."""

    module: str
    name: str

    def model(self) -> type[BaseModel]:
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
    answer: type[BaseModel] | Later | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    """The statuses it may be refused with."""
    media: tuple[str, ...] = ("application/json",)
    """The media types it answers with when it does what it was asked."""
    scope: str | None = None
    offered: Callable[[Assumptions], bool] | None = None
    """Whether a sandbox has the operation at all, where the documents leave that open."""

    prepare: Callable[[Call], Any] | None = None
    """Run before the transaction, for what takes time; ``call.prepared`` is what it answers."""

    def is_offered(self, assumptions: Assumptions) -> bool:
        """Whether a sandbox with these assumptions has the operation."""
        return self.offered is None or self.offered(assumptions)

    @property
    def answer_model(self) -> type[BaseModel] | None:
        """What it answers with, field by field, when it does what it was asked."""
        return self.answer.model() if isinstance(self.answer, Later) else self.answer

    @property
    def statuses(self) -> frozenset[int]:
        """Every status the operation is documented to answer with."""
        return frozenset((self.status, *self.refusals))
