"""The nearest right word to a wrong one, for every refusal that names something unknown."""

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(name: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?`` for the closest of the known words, or the words themselves when none is close."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(sorted(known)[:20])}" if known else ""
