"""The cluster of a store that only one process serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager


class SingleProcess:
    """A cluster of one process: locks exclude its threads only."""

    is_distributed = False

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}

    def announce(self) -> None: ...

    def generation(self) -> int:
        return 0

    def lock(self, name: str) -> AbstractContextManager[bool]:
        return self._locks.setdefault(name, threading.Lock())

    def is_leader(self) -> bool:
        return True

    def get_or_set(self, name: str, proposal: str) -> str:
        return proposal

    def subscribe(self, on_due: Callable[[str], None]) -> None: ...
