"""The text format of values on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.console.filters import (
    MAX_SHOWN_CHARACTERS,
    format_body,
    format_bytes,
    format_instant,
    format_members,
    format_milliseconds,
    format_seconds,
    format_time_of_day,
    status_css_class,
    to_words,
)


@pytest.mark.parametrize(
    ("text", "formatted"),
    [
        ('{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ("plain", "plain"),
        ("", ""),
        ('{"a": ', '{"a": '),
        ("[" * 100_000, "[" * MAX_SHOWN_CHARACTERS),
        ("é" * (MAX_SHOWN_CHARACTERS + 1), "é" * MAX_SHOWN_CHARACTERS),
    ],
    ids=["JSON", "text", "nothing", "half", "deep", "long"],
)
def test_a_json_body_is_indented_and_a_long_body_is_cut(text: str, formatted: str) -> None:
    assert format_body(text) == formatted


@pytest.mark.parametrize(
    ("seconds", "formatted"), [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (90_061, "1d 1h"), (3_600, "1h")]
)
def test_a_duration_is_formatted_in_its_two_largest_units(seconds: float, formatted: str) -> None:
    assert format_seconds(seconds) == formatted


@pytest.mark.parametrize(("milliseconds", "formatted"), [(0.04, "0.0 ms"), (12.34, "12.3 ms"), (1_500, "1.50 s")])
def test_a_response_time_over_a_second_is_formatted_in_seconds(milliseconds: float, formatted: str) -> None:
    assert format_milliseconds(milliseconds) == formatted


def test_instants_statuses_sizes_and_names_are_formatted() -> None:
    at = "2026-03-01T12:00:05.123456Z"
    assert (format_instant(at), format_time_of_day(at), format_instant(None)) == (
        "2026-03-01 12:00:05",
        "12:00:05.123",
        "never",
    )
    assert [status_css_class(status) for status in (204, 404, 503, None, 0)] == ["s2", "s4", "s5", "s0", "s0"]
    assert (format_bytes(9_999), format_bytes(65_536)) == ("9,999 bytes", "64.0 KiB")
    assert to_words("bad_signature") == to_words("bad-signature") == "bad signature"


def test_only_members_that_differ_from_their_default_are_formatted() -> None:
    rule: dict[str, Any] = {"method": ["GET"], "path": "*/x", "body": {}, "key": None, "probability": 1.0}
    assert format_members(rule, {"probability": 1.0}) == 'method=["GET"]  path=*/x'
