"""Data sets of the providers, generated once per provider, size and seed."""

from __future__ import annotations

from functools import cache

from mockserver.app import known_providers
from mockserver.engine import Randomness, State, as_json

STORED_SIZES = ("small", "medium")
"""The sizes whose data sets are stored in fixtures/, with the seed 1."""


@cache
def cached_dataset(provider: str, size: str, seed: str = "1") -> State:
    """Returns the records that a provider generates, from the cache; do not change them."""
    return generate_dataset(provider, size, seed)


def generate_dataset(provider: str, size: str, seed: str = "1") -> State:
    """Generates the records without the cache."""
    return known_providers()[provider].generate(Randomness(seed), size, lambda _done, _total: None)


def format_dataset(state: State) -> str:
    """Formats a data set like its file: one record per line."""
    parts = (
        f'"{name}": [\n' + ",\n".join(as_json(record).decode() for record in records) + "\n]"
        for name, records in sorted(state.items())
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"
