"""The numbers of the pictures: where bars, lines and marks stand in a box of 600 by 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10
from typing import Any

WIDTH, HEIGHT = 600.0, 100.0
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")
"""The classes of answers, from the bottom of a bar to its top."""


@dataclass(frozen=True, slots=True)
class BarSegment:
    """A piece of a bar."""

    name: str
    x: float
    y: float
    width: float
    height: float
    label: str


def bars(parts: Sequence[Mapping[str, Any]], seconds: float) -> list[BarSegment]:
    """Calls a second, one bar for each part, stacked by class of status; ``seconds`` is what a part lasts."""
    most = scale_maximum(total_calls(parts))
    width, drawn = WIDTH / max(len(parts), 1), []
    for nth, part in enumerate(parts):
        below = 0.0
        for name in STATUS_CLASSES:
            number = part["calls"].get(name, 0)
            height = number / most * HEIGHT
            below += height
            if number:
                label = f"{part['at'][11:19]}  {name}  {number / seconds:.2f}/s"
                drawn.append(BarSegment(name, nth * width + 0.5, HEIGHT - below, width - 1, height, label))
    return drawn


def line(values: Sequence[float | None], most: float) -> str:
    """A line through the values that are there, as the path of an SVG; gaps stay gaps."""
    step = WIDTH / max(len(values), 1)
    path, pen = [], "M"
    for nth, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x, y = (nth + 0.5) * step, HEIGHT - value / most * HEIGHT
        # A value alone between two gaps would be a point without extent, which nobody sees.
        path.append(f"M{x - step / 2:.1f} {y:.1f}H{x:.1f}" if pen == "M" else f"L{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(path)


def area(values: Sequence[float], most: float) -> str:
    """The same, filled down to the ground."""
    step = WIDTH / max(len(values), 1)
    tops = "".join(f"L{nth * step:.1f} {HEIGHT - v / most * HEIGHT:.1f}h{step:.1f}" for nth, v in enumerate(values))
    return f"M0 {HEIGHT:.0f}{tops}V{HEIGHT:.0f}Z"


def scale_maximum(values: Sequence[float | None]) -> float:
    """The largest value, and never nothing: it is divided by."""
    return max([value for value in values if value], default=1.0)


def seconds_between(earlier: str, later: str) -> float:
    """How many seconds one instant is after another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


TICKS = ((60, "1 min"), (3_600, "1 h"), (86_400, "1 day"), (30 * 86_400, "30 days"), (365 * 86_400, "1 year"))


def logarithmic_position(seconds: float) -> float:
    """Where a distance in time stands on a line that reaches ten years; near things stand far apart."""
    return min(log10(1 + max(seconds, 0.0)) / log10(1 + 3_650 * 86_400), 1.0) * WIDTH


def linear_position(instant: str, began: str, ended: str) -> float:
    """Where an instant stands on a line between two others."""
    whole = seconds_between(began, ended)
    return min(max(seconds_between(began, instant) / whole, 0.0), 1.0) * WIDTH if whole > 0 else 0.0


def total_calls(parts: Sequence[Mapping[str, Any]]) -> list[int]:
    """How many calls each part holds."""
    return [sum(part["calls"].values()) for part in parts]
