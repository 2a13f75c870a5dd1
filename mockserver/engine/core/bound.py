"""What only so much is kept of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

Number = int | float


class HasJournals(Protocol):
    """An engine, as far as bounds are set by it."""

    journals: Any


@dataclass(frozen=True, slots=True)
class Bound:
    """How much there may be of something, what happens beyond, and which constant of which module says so."""

    name: str
    sentence: str
    beyond: str
    module: str
    constant: str

    def value(self, engine: HasJournals | None) -> Number:  # noqa: ARG002
        """The bound that is at work."""
        value: Number = getattr(import_module(f"mockserver.{self.module}"), self.constant)
        return value
