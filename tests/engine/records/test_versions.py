"""Preconditions on the version of a record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Call, Problem, VersionRules, etag
from mockserver.engine.records.versions import check_precondition
from tests.support.harness import Harness, make_harness

HARNESS = make_harness(scenarios={})
STRICT = VersionRules(unquoted="refused")
LENIENT = VersionRules(unquoted="accepted", weak="accepted", wildcard="accepted")


def check_version(sent: str | None, current: int = 4, other: int | None = None, rules: VersionRules = STRICT) -> str:
    headers = {} if sent is None else {"if-match": sent}
    try:
        check_precondition(Call(HARNESS.sandbox, "PUT", "/", headers=headers), current, other, rules)
    except Problem as problem:
        return problem.code
    return "good"


@pytest.mark.parametrize(
    ("sent", "strict", "lenient"),
    [
        ('"4"', "good", "good"),
        (' "4" ', "good", "good"),
        ('"3"', "version_stale", "version_stale"),
        ('"5"', "version_stale", "version_stale"),
        ('W/"4"', "version_malformed", "good"),
        ('W/"3"', "version_malformed", "version_stale"),
        ('w/"4"', "version_malformed", "version_malformed"),
        ("*", "version_malformed", "good"),
        ("4", "version_malformed", "good"),
        ("3", "version_malformed", "version_stale"),
        ("W/4", "version_malformed", "version_malformed"),
        ('"*"', "version_malformed", "version_malformed"),
        ('"4", "5"', "version_malformed", "version_malformed"),
        ('"3", "4"', "version_malformed", "version_malformed"),
        ('"4" "4"', "version_malformed", "version_malformed"),
        ('"four"', "version_malformed", "version_malformed"),
        ('"-4"', "version_malformed", "version_malformed"),
        ('"4.0"', "version_malformed", "version_malformed"),
        ('"4', "version_malformed", "version_malformed"),
        ('4"', "version_malformed", "version_malformed"),
        ("'4'", "version_malformed", "version_malformed"),
        ('""', "version_malformed", "version_malformed"),
        ("", "version_malformed", "version_malformed"),
        ('"\u0664"', "version_malformed", "version_malformed"),
        ("\u0664", "version_malformed", "version_malformed"),
        ('"' + "9" * 18 + '"', "version_stale", "version_stale"),
        ('"' + "9" * 19 + '"', "version_malformed", "version_malformed"),
        ("9" * 5000, "version_malformed", "version_malformed"),
    ],
)
def test_the_rules_set_how_strictly_a_tag_is_parsed(sent: str, strict: str, lenient: str) -> None:
    assert (check_version(sent), check_version(sent, rules=LENIENT)) == (strict, lenient)


def test_a_change_without_a_version_is_refused() -> None:
    assert check_version(None) == "version_missing"


@pytest.mark.parametrize(("other", "expected_code"), [(4, "good"), (3, "version_stale"), (0, "version_stale")])
def test_the_version_may_come_from_another_place_than_the_header(other: int, expected_code: str) -> None:
    assert check_version(None, other=other) == expected_code


@pytest.mark.parametrize(
    ("sent", "other", "both", "expected_code"),
    [
        ('"4"', 3, "header", "good"),
        ('"3"', 4, "header", "version_stale"),
        ('"4"', 3, "other", "version_stale"),
        ('"3"', 4, "other", "good"),
        ('"4"', 3, "refused", "version_malformed"),
        ('"4"', 4, "refused", "good"),
        ('"3"', 3, "refused", "version_stale"),
        ('"x"', 4, "other", "version_malformed"),
        ('"4"', 0, "other", "version_stale"),
    ],
)
def test_the_rules_set_which_of_two_versions_counts(sent: str, other: int, both: Any, expected_code: str) -> None:
    assert check_version(sent, other=other, rules=VersionRules(both=both)) == expected_code


@given(version=st.integers(0, 10**18 - 1), current=st.integers(0, 10**18 - 1))
@settings(max_examples=200, derandomize=True)
def test_a_written_tag_is_parsed_as_its_version(version: int, current: int) -> None:
    assert check_version(etag(version), version) == "good"
    assert check_version(etag(version), current) == ("good" if version == current else "version_stale")


@given(sent=st.text(max_size=30))
@settings(max_examples=300, derandomize=True)
def test_any_header_raises_at_most_a_problem(sent: str) -> None:
    assert check_version(sent, rules=LENIENT) in ("good", "version_stale", "version_malformed")


def test_an_update_returns_the_tag_for_the_next_one(harness: Harness) -> None:
    created = harness.request("POST", "/v1/sectors", json={"name": "a"})
    path, tag = f"/v1/sectors/{created.json['data']['id']}", created.headers["ETag"]
    for name in ("b", "c", "d"):
        response = harness.request("PUT", path, json={"name": name}, headers={"If-Match": tag})
        assert (response.status_code, harness.request("GET", path).headers["ETag"]) == (200, response.headers["ETag"])
        assert response.headers["ETag"] != tag
        tag = response.headers["ETag"]
    assert tag == '"4"'


def test_a_stale_update_changes_nothing(harness: Harness) -> None:
    created = harness.request("POST", "/v1/sectors", json={"name": "a"})
    path = f"/v1/sectors/{created.json['data']['id']}"
    refused = harness.request("PUT", path, json={"name": "b"}, headers={"If-Match": '"2"'})
    after = harness.request("GET", path)
    assert (refused.status_code, after.data, after.headers["ETag"]) == (409, created.data, created.headers["ETag"])
