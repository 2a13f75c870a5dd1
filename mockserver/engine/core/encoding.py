"""JSON as it goes on the wire."""

from __future__ import annotations

from json import JSONEncoder
from typing import Any

from pydantic_core import to_json

_strict = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_sorted = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=True)


def as_json(value: Any, *, sort: bool = False) -> bytes:
    """JSON as it goes on the wire: compact, UTF-8; with ``sort`` the members of objects by name.

    Raises ValueError for what neither can say: halves of surrogate pairs, numbers that are none or endless.
    """
    if sort:
        return _sorted.encode(value).encode()
    data = to_json(value)
    # Pydantic would let these numbers pass, and in a text they are harmless.
    return _strict.encode(value).encode() if b"NaN" in data or b"Infinity" in data else data
