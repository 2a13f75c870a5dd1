"""The other processes of a store that has but one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager


class SingleProcess:
    """There is nobody else: what is done alone waits for this process's own threads only."""

    is_distributed = False

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}

    def announce(self) -> None:
        """Tell nobody."""

    def generation(self) -> int:
        """There never is any."""
        return 0

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """Do something that no other thread does at the same time."""
        return self._locks.setdefault(name, threading.Lock())

    def is_leader(self) -> bool:
        """Nobody else does."""
        return True

    def get_or_set(self, name: str, proposal: str) -> str:
        """The proposal."""
        return proposal

    def subscribe(self, on_due: Callable[[str], None]) -> None:
        """Nobody will ever say anything."""
