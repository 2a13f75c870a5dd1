"""Computes the coordinates of the bars, lines and marks in the charts; each chart is an SVG of 600 by 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10
from typing import Any

WIDTH, HEIGHT = 600.0, 100.0
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")
"""Status classes in the order in which a bar stacks them, from bottom to top."""


@dataclass(frozen=True, slots=True)
class BarSegment:
    """The part of a bar for one status class: a rectangle with a label."""

    name: str
    x: float
    y: float
    width: float
    height: float
    label: str


def bars(parts: Sequence[Mapping[str, Any]], seconds: float) -> list[BarSegment]:
    """Returns a bar per interval of ``seconds``, stacked by status class, for the calls per second."""
    maximum = scale_maximum(total_calls(parts))
    width, segments = WIDTH / max(len(parts), 1), []
    for nth, part in enumerate(parts):
        below = 0.0
        for name in STATUS_CLASSES:
            number = part["calls"].get(name, 0)
            height = number / maximum * HEIGHT
            below += height
            if number:
                label = f"{part['at'][11:19]}  {name}  {number / seconds:.2f}/s"
                segments.append(BarSegment(name, nth * width + 0.5, HEIGHT - below, width - 1, height, label))
    return segments


def line(values: Sequence[float | None], maximum: float) -> str:
    """Returns the SVG path of a line through the values, with a gap for every None."""
    step = WIDTH / max(len(values), 1)
    path, pen = [], "M"
    for nth, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x, y = (nth + 0.5) * step, HEIGHT - value / maximum * HEIGHT
        # A line starts half a step earlier, because a single value between two gaps would be an invisible point.
        path.append(f"M{x - step / 2:.1f} {y:.1f}H{x:.1f}" if pen == "M" else f"L{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(path)


def area(values: Sequence[float], maximum: float) -> str:
    """Returns the SVG path of a step curve that is closed at the baseline."""
    step = WIDTH / max(len(values), 1)
    tops = "".join(f"L{nth * step:.1f} {HEIGHT - v / maximum * HEIGHT:.1f}h{step:.1f}" for nth, v in enumerate(values))
    return f"M0 {HEIGHT:.0f}{tops}V{HEIGHT:.0f}Z"


def scale_maximum(values: Sequence[float | None]) -> float:
    """Returns the largest value, or 1 if no value is above 0, because charts divide by it."""
    return max([value for value in values if value], default=1.0)


def seconds_between(earlier: str, later: str) -> float:
    """Returns the seconds from one ISO 8601 instant to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


TICKS = ((60, "1 min"), (3_600, "1 h"), (86_400, "1 day"), (30 * 86_400, "30 days"), (365 * 86_400, "1 year"))
"""Seconds and label of each tick on the logarithmic timeline."""


def logarithmic_position(seconds: float) -> float:
    """Returns the x coordinate of a delay on a logarithmic scale from now to ten years."""
    return min(log10(1 + max(seconds, 0.0)) / log10(1 + 3_650 * 86_400), 1.0) * WIDTH


def linear_position(instant: str, start: str, end: str) -> float:
    """Returns the x coordinate of an instant on a linear scale between two others."""
    duration = seconds_between(start, end)
    return min(max(seconds_between(start, instant) / duration, 0.0), 1.0) * WIDTH if duration > 0 else 0.0


def total_calls(parts: Sequence[Mapping[str, Any]]) -> list[int]:
    """Returns the number of calls in each interval."""
    return [sum(part["calls"].values()) for part in parts]
