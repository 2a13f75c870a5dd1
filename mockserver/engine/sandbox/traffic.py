"""Computes statistics of a sandbox's newest calls: counts by status class, durations and rate-limit tokens."""

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
    """Returns statistics of the ``seconds`` before ``now`` in 60 bins, oldest first.

    Each bin has calls by status class, percentiles of the duration in milliseconds, and the tokens of the rate limit's
    bucket. The bucket is not refilled while the sandbox's clock is frozen (``is_clock_running`` is false).
    """
    step = seconds * SECOND // BINS
    began = now - step * BINS
    bins: list[list[Entry]] = [[] for _ in range(BINS)]
    for entry in entries:
        if began < entry.at <= now:
            bins[min((entry.at - began) // step, BINS - 1)].append(entry)
    tokens = _last_bucket_level([entry for entry in entries if entry.at <= began])
    rows = []
    for nth, bin in enumerate(bins):
        tokens = _bucket_level(bin, tokens, limits, step / SECOND if is_clock_running else 0.0)
        rows.append({"at": format_instant(began + nth * step), **_statistics(bin), "tokens": tokens})
    return rows


def _statistics(bin: Sequence[Entry]) -> dict[str, Any]:
    classes = Counter(f"{entry.reply.status // 100}xx" if entry.reply.status else "none" for entry in bin)
    durations = sorted(entry.milliseconds for entry in bin)
    percentiles = {f"p{each}": _percentile(durations, each) for each in PERCENTILES}
    return {"calls": dict(sorted(classes.items())), **percentiles}


def _percentile(durations: Sequence[float], percent: int) -> float | None:
    """Returns a percentile of sorted durations by the nearest-rank method; None if there are no durations."""
    return round(durations[ceil(len(durations) * percent / 100) - 1], 3) if durations else None


def _last_bucket_level(entries: Sequence[Entry]) -> float | None:
    return next((entry.call.tokens for entry in reversed(entries) if entry.call.tokens is not None), None)


def _bucket_level(bin: Sequence[Entry], before: float | None, limits: Limits, seconds: float) -> float | None:
    """Returns the lowest level after a call in the bin; without calls, the previous level plus the refill."""
    if limits.rate is None:
        return None
    levels = [entry.call.tokens for entry in bin if entry.call.tokens is not None]
    full = float(limits.burst or limits.rate)
    refilled = full if before is None else min(full, before + limits.rate * seconds)
    return round(min(levels), 3) if levels else round(refilled, 3)
