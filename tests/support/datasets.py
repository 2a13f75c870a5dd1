"""Data sets as the tests look at them: made once per provider, size and seed."""

from __future__ import annotations

from functools import cache

from mockserver.app import known_providers
from mockserver.engine import Randomness, State, as_json

STORED_SIZES = ("small", "medium")
"""The sizes whose data sets are kept as files, for the seed 1."""


@cache
def cached_dataset(provider: str, size: str, seed: str = "1") -> State:
    """The records a provider makes of a seed."""
    return generate_dataset(provider, size, seed)


def generate_dataset(provider: str, size: str, seed: str = "1") -> State:
    """The same, made anew."""
    return known_providers()[provider].generate(Randomness(seed), size, lambda _done, _total: None)


def format_dataset(state: State) -> str:
    """A data set as its file says it: one record a line."""
    parts = (
        f'"{name}": [\n' + ",\n".join(as_json(record).decode() for record in records) + "\n]"
        for name, records in sorted(state.items())
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"
