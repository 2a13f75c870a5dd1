"""What the newest calls of a sandbox add up to: how many, how answered, how fast, over the last minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Any

from mockserver.engine.core.clock import SECOND, format_instant
from mockserver.engine.core.limits import Limits
from mockserver.engine.pipeline.journal import Entry

BINS = 60
PERCENTILES = (50, 95, 99)


def traffic(
    entries: Sequence[Entry], limits: Limits, now: int, seconds: int, *, is_clock_running: bool
) -> list[dict[str, Any]]:
    """The time until now in sixty parts, oldest first: calls by class of status, percentiles, what the bucket held.

    ``is_clock_running`` says whether the sandbox's clock runs: a bucket under a frozen clock stays as it is.
    """
    step = seconds * SECOND // BINS
    began = now - step * BINS
    parts: list[list[Entry]] = [[] for _ in range(BINS)]
    for entry in entries:
        if began < entry.at <= now:
            parts[min((entry.at - began) // step, BINS - 1)].append(entry)
    held = _last_bucket_level([entry for entry in entries if entry.at <= began])
    shown = []
    for nth, part in enumerate(parts):
        held = _bucket_level(part, held, limits, step / SECOND if is_clock_running else 0.0)
        shown.append({"at": format_instant(began + nth * step), **_statistics(part), "tokens": held})
    return shown


def _statistics(part: Sequence[Entry]) -> dict[str, Any]:
    classes = Counter(f"{entry.reply.status // 100}xx" if entry.reply.status else "none" for entry in part)
    took = sorted(entry.milliseconds for entry in part)
    return {"calls": dict(sorted(classes.items())), **{f"p{each}": _percentile(took, each) for each in PERCENTILES}}


def _percentile(took: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many percent do not exceed (nearest rank); None of nothing."""
    return round(took[ceil(len(took) * percent / 100) - 1], 3) if took else None


def _last_bucket_level(entries: Sequence[Entry]) -> float | None:
    return next((entry.call.tokens for entry in reversed(entries) if entry.call.tokens is not None), None)


def _bucket_level(part: Sequence[Entry], before: float | None, limits: Limits, seconds: float) -> float | None:
    """The least the bucket held while a part lasted; refilled since the part before where no call took anything."""
    if limits.rate is None:
        return None
    seen = [entry.call.tokens for entry in part if entry.call.tokens is not None]
    full = float(limits.burst or limits.rate)
    refilled = full if before is None else min(full, before + limits.rate * seconds)
    return round(min(seen), 3) if seen else round(refilled, 3)
