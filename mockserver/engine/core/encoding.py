"""Encodes bodies as JSON."""

from __future__ import annotations

from json import JSONEncoder
from typing import Any

from pydantic_core import to_json

_strict = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_sorted = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=True)


def as_json(value: Any, *, sort: bool = False) -> bytes:
    """Encodes a value as compact UTF-8 JSON; ``sort`` sorts the members of objects by name.

    Raises ValueError for lone surrogates, NaN and infinite numbers.
    """
    if sort:
        return _sorted.encode(value).encode()
    data = to_json(value)
    # to_json also writes NaN and Infinity. The strict encoder refuses these numbers, but accepts the words in a string.
    return _strict.encode(value).encode() if b"NaN" in data or b"Infinity" in data else data
