"""Threads that start their work at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def run_concurrently(number: int, act: Callable[[int], T]) -> list[T]:
    """Calls ``act(nth)`` in `number` threads at the same moment, and returns the results in the order of nth."""
    barrier = Barrier(number)

    def begin(nth: int) -> T:
        barrier.wait(30)
        return act(nth)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))
