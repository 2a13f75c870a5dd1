"""Suggests the nearest known name, for messages about an unknown name."""

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(name: str, known: Sequence[str]) -> str:
    """Returns ``; did you mean 'x'?``; without a close name, at most 20 known names; without known names, ``""``."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known)[:20])}" if known else ""
