"""How Kota's operations are declared: what every one of them may be refused with stands here once."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Operation

_COMMON_REFUSALS = (400, 401, 403, 404, 429, 500)


def define_operation(name: str, route: str, perform: Any, summary: str, **further: Any) -> Operation:
    """One operation; ``route`` is its method and path: ``GET /employers/{employer_id}``."""
    method, path = route.split(" ")
    refusals = [*_COMMON_REFUSALS, *((409,) if method == "POST" else ()), *((413,) if "body" in further else ())]
    return Operation(name, method, path, perform, summary, refusals=tuple(sorted(refusals)), **further)
