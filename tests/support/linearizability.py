"""Whether what several clients saw of one register could have happened one step after the other (Wing and Gong)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RegisterOperation:
    """What one client did and saw: from when to when, and the value it wrote or read."""

    began: float
    ended: float
    kind: Literal["write", "read"]
    value: str


def is_linearizable(history: Sequence[RegisterOperation], initial: str) -> bool:
    """Whether there is an order, true to who ended before whom began, in which each read sees the write before it."""
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
