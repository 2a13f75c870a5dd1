"""Declares operations with the error statuses that all operations of Kota have."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Operation

_COMMON_REFUSALS = (400, 401, 403, 404, 429, 500)
"""The error statuses of every operation."""


def define_operation(name: str, route: str, perform: Any, summary: str, **further: Any) -> Operation:
    """Returns an operation; ``route`` is method and path, for example ``GET /employers/{employer_id}``."""
    method, path = route.split(" ")
    refusals = [*_COMMON_REFUSALS, *((409,) if method == "POST" else ()), *((413,) if "body" in further else ())]
    return Operation(name, method, path, perform, summary, refusals=tuple(sorted(refusals)), **further)
