"""Checks whether a history of concurrent reads and writes of one register is linearizable (Wing and Gong)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RegisterOperation:
    """One operation of a client: begin and end in seconds, and the value that it wrote or read."""

    began: float
    ended: float
    kind: Literal["write", "read"]
    value: str


def is_linearizable(history: Sequence[RegisterOperation], initial: str) -> bool:
    """Whether a sequential order exists that keeps the real-time order and where each read returns the last write."""
    seen: set[tuple[frozenset[int], str]] = set()
    stack = [(frozenset(range(len(history))), initial)]
    while stack:
        left, value = stack.pop()
        if not left:
            return True
        if (left, value) in seen:
            continue
        seen.add((left, value))
        first_end = min(history[nth].ended for nth in left)
        for nth in left:
            step = history[nth]
            if step.began <= first_end and (step.kind == "write" or step.value == value):
                stack.append((left - {nth}, step.value))
    return False
