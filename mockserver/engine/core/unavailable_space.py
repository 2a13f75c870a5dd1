"""The value of ``Call.space`` while no operation is performed: every use raises AssertionError."""

from __future__ import annotations

from typing import Any, cast

from mockserver.storage.base import Space


class _UnavailableSpace:
    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: records are reachable only while an operation is performed")


UNAVAILABLE_SPACE = cast(Space, _UnavailableSpace())
