"""How values are written on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.console.text import LONGEST, body, clock_time, given, moment, shade, size, span, took, words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'),
        ("plain", "plain"),
        ("", ""),
        ('{"a": ', '{"a": '),
        ("[" * 100_000, "[" * LONGEST),
        ("é" * (LONGEST + 1), "é" * LONGEST),
    ],
    ids=["JSON", "text", "nothing", "half", "deep", "long"],
)
def test_a_body_is_indented_where_it_is_json_and_cut_where_it_is_long(text: str, shown: str) -> None:
    assert body(text) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (90_061, "1d 1h"), (3_600, "1h")]
)
def test_a_stretch_of_time_is_written_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(("milliseconds", "shown"), [(0.04, "0.0 ms"), (12.34, "12.3 ms"), (1_500, "1.50 s")])
def test_what_took_longer_than_a_second_is_said_in_seconds(milliseconds: float, shown: str) -> None:
    assert took(milliseconds) == shown


def test_instants_statuses_sizes_and_names_are_written_short() -> None:
    at = "2026-03-01T12:00:05.123456Z"
    assert (moment(at), clock_time(at), moment(None)) == ("2026-03-01 12:00:05", "12:00:05.123", "never")
    assert [shade(status) for status in (204, 404, 503, None, 0)] == ["s2", "s4", "s5", "s0", "s0"]
    assert (size(9_999), size(65_536)) == ("9,999 bytes", "64.0 KiB")
    assert words("bad_signature") == words("bad-signature") == "bad signature"


def test_of_a_rule_only_what_it_says_itself_is_written() -> None:
    rule: dict[str, Any] = {"method": ["GET"], "path": "*/x", "body": {}, "key": None, "probability": 1.0}
    assert given(rule, {"probability": 1.0}) == 'method=["GET"]  path=*/x'
