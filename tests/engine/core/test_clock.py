"""The clock of a sandbox: reading and writing instants and durations, and moving the clock."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import mockserver.engine.core.clock
from mockserver.engine import (
    LATEST_INSTANT,
    SECOND,
    Clock,
    Duration,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)
from tests.support.harness import NOON, Harness, make_harness

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
INSTANTS = st.integers(min_value=0, max_value=LATEST_INSTANT)
DURATIONS = st.integers(min_value=0, max_value=LATEST_INSTANT)
WALL_NOW = NOON + 7 * DAY


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", 0),
        ("250ms", 250_000),
        ("0.5ms", 500),
        ("0.001ms", 1),
        ("1s", SECOND),
        ("1.5s", 1_500_000),
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("1h", HOUR),
        ("1.5h", 90 * MINUTE),
        ("30d", 30 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1d2h3m4s5ms", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5000),
        (" 90s ", 90 * SECOND),
        ("2932896d", 2_932_896 * DAY),
        (1500, 1500),
        (0, 0),
        (LATEST_INSTANT, LATEST_INSTANT),
    ],
)
def test_a_duration_is_read_in_every_unit(text: object, length: int) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "value",
    ["", " ", "90", "s", "-1s", "+1s", "1 s", "1S", "1w", "1e3s", "1.s", ".5s", "1,5s", "1s,2s", "1s x", "nan", "inf"]
    + ["999999999999d", None, True, 1.5, -1, [], {}, "1234567890123s"],
)
def test_an_invalid_duration_is_refused_with_its_value(value: object) -> None:
    with pytest.raises(ValueError, match=r"duration|longer") as refused:
        parse_duration(value)
    assert repr(value) in str(refused.value)


def test_a_duration_above_the_maximum_is_refused_as_a_number_too() -> None:
    with pytest.raises(ValueError, match="too long; a duration has at most"):
        parse_duration(LATEST_INSTANT + 1)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0s"),
        (1, "0.001ms"),
        (1500, "1.5ms"),
        (250_000, "250ms"),
        (1_500_000, "1500ms"),
        (90 * SECOND, "90s"),
        (120 * SECOND, "2m"),
        (2 * HOUR, "2h"),
        (30 * DAY, "30d"),
    ],
)
def test_a_duration_is_written_in_the_largest_exact_unit(length: int, text: str) -> None:
    assert format_duration(length) == text


@given(length=DURATIONS)
@settings(max_examples=300, derandomize=True)
def test_a_duration_survives_being_written_and_read(length: int) -> None:
    assert parse_duration(format_duration(length)) == length


@given(instant=INSTANTS)
@settings(max_examples=300, derandomize=True)
def test_an_instant_survives_being_written_and_read(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00", 0),
        ("1970-01-01", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("2026-03-01T12:00:00.000001Z", NOON + 1),
        ("9999-12-31T23:59:59Z", LATEST_INSTANT),
        (NOON, NOON),
        (0, 0),
        (LATEST_INSTANT, LATEST_INSTANT),
    ],
)
def test_an_instant_is_read(text: object, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "value",
    ["", "now", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59.1Z", "9999-12-31T23:59-01:00"]
    + [
        "0001-01-01T00:00+23:59",
        "2026-02-29",
        "2026-03-01T25:00Z",
        "2026-06-30T23:59:60Z",
        -1,
        LATEST_INSTANT + 1,
        None,
        True,
    ],
)
def test_an_invalid_instant_is_refused_with_its_value(value: object) -> None:
    with pytest.raises(ValueError, match=r"instant|outside") as refused:
        parse_instant(value)
    assert repr(value) in str(refused.value)


@pytest.mark.parametrize(
    ("digits", "text"),
    [(0, "2026-03-01T12:00:00Z"), (3, "2026-03-01T12:00:00.123Z"), (6, "2026-03-01T12:00:00.123456Z")],
)
def test_an_instant_is_written_with_the_given_digits(digits: int, text: str) -> None:
    assert format_instant(NOON + 123_456, digits) == text


def test_an_instant_after_the_latest_is_written_as_the_latest() -> None:
    assert format_instant(LATEST_INSTANT + 5 * DAY, 0) == "9999-12-31T23:59:59Z"


def test_wall_time_is_truncated_to_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = SimpleNamespace(time_ns=lambda: NOON * 1_000 + 999)
    monkeypatch.setattr(mockserver.engine.core.clock, "time", machine)
    assert mockserver.engine.core.clock.wall_time() == NOON


def test_a_frozen_clock_does_not_follow_the_wall_clock() -> None:
    frozen = Clock().freeze(WALL_NOW)
    assert frozen.now(WALL_NOW) == frozen.now(WALL_NOW + DAY) == WALL_NOW


def test_a_resumed_clock_continues_from_its_frozen_instant() -> None:
    resumed = Clock().freeze(WALL_NOW, NOON).resume(WALL_NOW)
    assert resumed.now(WALL_NOW) == NOON
    assert resumed.now(WALL_NOW + MINUTE) == NOON + MINUTE


def test_resuming_a_running_clock_changes_nothing() -> None:
    clock = Clock(offset=5)
    assert clock.resume(WALL_NOW) == clock


def test_freezing_again_without_an_instant_changes_nothing() -> None:
    clock = Clock().freeze(WALL_NOW, NOON)
    assert clock.freeze(WALL_NOW + DAY) == clock


@given(
    first=st.integers(0, 400 * DAY), second=st.integers(0, 400 * DAY), frozen=st.booleans(), later=st.integers(0, DAY)
)
@settings(max_examples=200, derandomize=True)
def test_advancing_twice_is_advancing_by_the_sum(first: int, second: int, frozen: bool, later: int) -> None:
    clock = Clock().freeze(WALL_NOW, NOON) if frozen else Clock(offset=-DAY)
    assert clock.advance(first).advance(second) == clock.advance(first + second)
    assert clock.advance(first).now(WALL_NOW + later) == clock.now(WALL_NOW + later) + first


@given(instant=INSTANTS, here=INSTANTS)
@settings(max_examples=200, derandomize=True)
def test_freezing_and_resuming_at_once_loses_no_time(instant: int, here: int) -> None:
    assert Clock().freeze(here, instant).resume(here).freeze(here).now(here) == instant


def test_a_running_clock_does_not_run_beyond_the_year_9999() -> None:
    assert Clock(offset=LATEST_INSTANT - WALL_NOW).now(WALL_NOW + DAY) == LATEST_INSTANT


@pytest.mark.parametrize("frozen", [True, False])
def test_advancing_beyond_9999_is_refused_and_moves_nothing(frozen: bool) -> None:
    harness = make_harness(freeze=frozen)
    before = harness.admin("GET", "/sandboxes/smartepi/clock").json
    response = harness.admin("PUT", "/sandboxes/smartepi/clock", {"action": "advance", "by": "2930000d"})
    assert (response.status_code, response.json["detail"]) == (
        422,
        "the clock must show a time in the years 1970 to 9999",
    )
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["now"][:10] == before["now"][:10]


def test_the_clock_can_be_frozen_at_the_first_and_last_instant(harness: Harness) -> None:
    for end in ("1970-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.000000Z"):
        response = harness.admin("PUT", "/sandboxes/smartepi/clock", {"action": "freeze", "at": end})
        assert (response.status_code, response.json["now"]) == (200, end)
        assert harness.request("GET", "/v1/sectors").status_code == 200


def test_the_admin_api_moves_the_clock_in_all_four_ways(harness: Harness) -> None:
    def move(**body: Any) -> Any:
        return harness.admin("PUT", "/sandboxes/smartepi/clock", body).json

    assert move(action="advance", by="90s")["now"] == "2026-03-01T12:01:30.000000Z"
    assert move(action="freeze", at="2027-01-01T00:00:00Z")["now"] == "2027-01-01T00:00:00.000000Z"
    assert move(action="freeze")["now"] == "2027-01-01T00:00:00.000000Z"
    resumed = move(action="resume")
    assert (resumed["state"], resumed["now"][:10]) == ("running", "2027-01-01")
    assert move(action="reset")["state"] == "running"
    assert harness.sandbox.clock == Clock()


@pytest.mark.parametrize(
    ("move", "word"),
    [
        ({"action": "advance"}, "by"),
        ({"action": "freeze", "by": "1s"}, "by"),
        ({"action": "advance", "by": "1s", "at": "2026-01-01"}, "at"),
        ({"action": "advance", "by": "soon"}, "'soon'"),
        ({"action": "freeze", "at": "noon"}, "'noon'"),
        ({"action": "stop"}, "action"),
        ({}, "action"),
    ],
)
def test_an_invalid_move_is_refused(harness: Harness, move: dict[str, str], word: str) -> None:
    response = harness.admin("PUT", "/sandboxes/smartepi/clock", move)
    assert response.status_code == 422
    assert word in response.json["detail"]
    assert harness.sandbox.now() == NOON


def test_advancing_by_nothing_does_nothing(harness: Harness) -> None:
    assert harness.advance("0s") == {"now": "2026-03-01T12:00:00.000000Z", "state": "frozen", "due": [], "done": []}


def test_a_duration_has_a_unit_in_json_and_is_a_number_in_python() -> None:
    durations = TypeAdapter(Duration)
    assert (durations.validate_json('"60s"'), durations.validate_python(60)) == (60 * SECOND, 60)
    with pytest.raises(ValidationError, match="60 is not a duration"):
        durations.validate_json("60")
