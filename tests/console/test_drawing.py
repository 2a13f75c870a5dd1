"""The positions of bars, lines and marks in charts."""

from __future__ import annotations

from typing import Any

from mockserver.console.drawing import (
    HEIGHT,
    TICKS,
    WIDTH,
    area,
    bars,
    line,
    linear_position,
    logarithmic_position,
    scale_maximum,
)


def make_bucket(**calls: int) -> dict[str, Any]:
    return {"at": "2026-03-01T12:00:00Z", "calls": {name.lstrip("s"): number for name, number in calls.items()}}


def test_bars_are_stacked_and_the_highest_one_fills_the_height() -> None:
    drawn = bars([make_bucket(s2xx=3, s5xx=1), make_bucket(), make_bucket(s4xx=2)], 5)
    assert [(bar.name, bar.y, bar.height) for bar in drawn] == [
        ("2xx", 25.0, 75.0),
        ("5xx", 0.0, 25.0),
        ("4xx", 50.0, 50.0),
    ]
    assert drawn[0].x < drawn[2].x < WIDTH
    assert drawn[0].label == "12:00:00  2xx  0.60/s"


def test_a_line_has_gaps_for_missing_values_and_shows_a_single_value() -> None:
    path = line([1.0, 2.0, None, 1.0], 2.0)
    assert path == "M0.0 50.0H75.0L225.0 0.0M450.0 50.0H525.0"
    assert line([None, None], 1.0) == ""


def test_area_path_closes_at_the_baseline() -> None:
    assert area([0.0, 4.0], 4.0) == "M0 100L0.0 100.0h300.0L300.0 0.0h300.0V100Z"


def test_empty_chart_does_not_divide_by_zero() -> None:
    assert scale_maximum([]) == scale_maximum([None, 0]) == 1.0
    assert bars([], 1) == []
    assert linear_position("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z") == 0.0


def test_the_logarithmic_scale_gives_near_times_more_space() -> None:
    places = [logarithmic_position(seconds) for seconds, _ in TICKS]
    assert places == sorted(places)
    assert logarithmic_position(-5) == logarithmic_position(0) == 0.0
    assert logarithmic_position(10**12) == WIDTH
    assert logarithmic_position(60) - logarithmic_position(0) > logarithmic_position(3_660) - logarithmic_position(
        3_600
    )


def test_the_linear_scale_is_proportional_and_clamped() -> None:
    begin, end = "2026-03-01T12:00:00.000000Z", "2026-03-01T13:00:00.000000Z"
    assert linear_position("2026-03-01T12:15:00.000000Z", begin, end) == WIDTH / 4
    assert linear_position("2026-03-01T11:00:00.000000Z", begin, end) == 0.0
    assert linear_position("2026-03-01T14:00:00.000000Z", begin, end) == WIDTH
    assert HEIGHT == 100.0
