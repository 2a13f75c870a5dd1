"""A bound: the largest number of things that are kept, and what happens beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

Number = int | float


class HasJournals(Protocol):
    """The part of the engine that a bound reads its value from."""

    journals: Any


@dataclass(frozen=True, slots=True)
class Bound:
    """A named maximum, read from a constant of a module; ``beyond`` says what happens when it is exceeded."""

    name: str
    sentence: str
    beyond: str
    module: str
    """The module that has the constant, without the prefix ``mockserver.``."""
    constant: str

    def value(self, engine: HasJournals | None) -> Number:  # noqa: ARG002
        """Returns the maximum in effect; ``engine`` None means the default."""
        value: Number = getattr(import_module(f"mockserver.{self.module}"), self.constant)
        return value
