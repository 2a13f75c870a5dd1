"""Bounds: maximum numbers, for example of stored events, and what happens when a maximum is exceeded."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

Number = int | float


class HasJournals(Protocol):
    """The part of the engine from which a bound reads its value."""

    journals: Any


@dataclass(frozen=True, slots=True)
class Bound:
    """A named maximum, which is the value of a module's constant; ``beyond`` says what happens when it is exceeded."""

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
