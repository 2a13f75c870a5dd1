"""How values are written on the pages."""

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
    ("text", "shown"),
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
def test_a_body_is_indented_where_it_is_json_and_cut_where_it_is_long(text: str, shown: str) -> None:
    assert format_body(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (90_061, "1d 1h"), (3_600, "1h")]
)
def test_a_stretch_of_time_is_written_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert format_seconds(seconds) == shown


@pytest.mark.parametrize(("milliseconds", "shown"), [(0.04, "0.0 ms"), (12.34, "12.3 ms"), (1_500, "1.50 s")])
def test_what_took_longer_than_a_second_is_said_in_seconds(milliseconds: float, shown: str) -> None:
    assert format_milliseconds(milliseconds) == shown


def test_instants_statuses_sizes_and_names_are_written_short() -> None:
    at = "2026-03-01T12:00:05.123456Z"
    assert (format_instant(at), format_time_of_day(at), format_instant(None)) == (
        "2026-03-01 12:00:05",
        "12:00:05.123",
        "never",
    )
    assert [status_css_class(status) for status in (204, 404, 503, None, 0)] == ["s2", "s4", "s5", "s0", "s0"]
    assert (format_bytes(9_999), format_bytes(65_536)) == ("9,999 bytes", "64.0 KiB")
    assert to_words("bad_signature") == to_words("bad-signature") == "bad signature"


def test_of_a_rule_only_what_it_says_itself_is_written() -> None:
    rule: dict[str, Any] = {"method": ["GET"], "path": "*/x", "body": {}, "key": None, "probability": 1.0}
    assert format_members(rule, {"probability": 1.0}) == 'method=["GET"]  path=*/x'
