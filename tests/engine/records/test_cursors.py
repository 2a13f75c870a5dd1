"""Cursors: opaque positions in a list."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Problem, Randomness
from mockserver.engine.records.cursors import decode_cursor, encode_cursor
from tests.support.harness import Harness, make_harness

RNG, LIST_QUERY = Randomness("1"), {"list": "sector", "name": "P"}
POSITIONS = st.tuples(st.integers(1, 10**9)) | st.tuples(st.text(max_size=20), st.integers(1, 10**9))
HARNESS = make_harness(scenarios={})


def encode_document(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def is_refused_cursor(text: str, **changes: Any) -> bool:
    arguments = {"randomness": RNG, "owner": "mine", "listing": LIST_QUERY, **changes}
    try:
        decode_cursor(text, **arguments)
    except Problem as problem:
        return (problem.code, problem.status) == ("invalid_cursor", 400)
    return False


@given(position=POSITIONS)
@settings(max_examples=200, derandomize=True)
def test_a_cursor_is_decoded_to_its_position(position: tuple[Any, ...]) -> None:
    assert decode_cursor(encode_cursor(RNG, "mine", LIST_QUERY, position), RNG, "mine", LIST_QUERY) == position


@given(position=POSITIONS, at=st.integers(0, 10**6), letter=st.sampled_from("Aa0-_=+/ \u00e9"))
@settings(max_examples=300, derandomize=True)
def test_a_cursor_with_one_letter_changed_is_refused(position: tuple[Any, ...], at: int, letter: str) -> None:
    good = encode_cursor(RNG, "mine", LIST_QUERY, position)
    at %= len(good)
    bad = good[:at] + letter + good[at + 1 :]
    assert is_refused_cursor(bad) is (bad != good)


@given(position=POSITIONS, cut=st.integers(1, 200))
@settings(max_examples=200, derandomize=True)
def test_a_shortened_or_extended_cursor_is_refused(position: tuple[Any, ...], cut: int) -> None:
    good = encode_cursor(RNG, "mine", LIST_QUERY, position)
    assert is_refused_cursor(good[: -min(cut, len(good))])
    assert all(is_refused_cursor(good + more) for more in ("=", "==", "A", "\n", " "))


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": "theirs"},
        {"randomness": Randomness("2")},
        {"listing": {"list": "sector"}},
        {"listing": {"list": "sector", "name": "Q"}},
        {"listing": {"list": "group", "name": "P"}},
        {"listing": {"list": "group", "name": "P"}, "ignore_filters": True},
        {"owner": "theirs", "ignore_filters": True},
    ],
)
def test_a_cursor_of_another_sandbox_seed_list_or_filter_is_refused(changes: dict[str, Any]) -> None:
    assert is_refused_cursor(encode_cursor(RNG, "mine", LIST_QUERY, (7,)), **changes)


def test_a_provider_may_accept_a_cursor_with_other_filters() -> None:
    assert decode_cursor(
        encode_cursor(RNG, "mine", LIST_QUERY, (7,)), RNG, "mine", {"list": "sector"}, ignore_filters=True
    ) == (7,)


FORGED_CURSORS = [
    "",
    "null",
    "[]",
    "1",
    '"text"',
    "{}",
    '{"c":1}',
    '{"PK":"mine","w":{"list":"sector","name":"P"},"p":[7]}',
    '{"PK":"mine","w":{"list":"sector","name":"P"},"p":[7],"c":"0000000000000000"}',
    '{"PK":"mine","w":{"list":"sector"},"p":[NaN],"c":"x"}',
    '{"PK":"mine","w":{"list":"sector"},"p":[Infinity],"c":"x"}',
    '{"PK":"\\ud800","w":{"list":"sector"},"p":[7],"c":"x"}',
    '{"PK":"mine","w":1,"p":' + "[" * 500 + "]" * 500 + ',"c":"x"}',
    '{"PK":"mine","w":1,"p":' + "[" * 50_000 + "]" * 50_000 + ',"c":"x"}',
    '{"PK":"mine","w":1,"p":' + "1" * 5000 + ',"c":"x"}',
    '{"PK":["mine"],"w":[],"p":{},"c":["x"]}',
]


@pytest.mark.parametrize("document", FORGED_CURSORS, ids=range(len(FORGED_CURSORS)))
def test_a_forged_cursor_is_refused(document: str) -> None:
    assert is_refused_cursor(encode_document(document))
    response = HARNESS.request("GET", "/v1/sectors", query_string={"cursor": encode_document(document)})
    assert response.status_code == 400


@given(text=st.text(max_size=100) | st.binary(max_size=100).map(lambda raw: urlsafe_b64encode(raw).decode()))
@settings(max_examples=300, derandomize=True)
def test_any_text_is_refused_as_a_cursor(text: str) -> None:
    assert is_refused_cursor(text)


@given(text=st.text(max_size=40))
@settings(max_examples=100, derandomize=True)
def test_any_text_in_a_forged_cursor_is_refused(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert is_refused_cursor(
        urlsafe_b64encode(f'{{"PK":"{quoted}","w":1,"p":1,"c":"{quoted}"}}'.encode()).decode().rstrip("=")
    )


def test_a_cursor_has_its_owner_and_is_url_safe() -> None:
    cursor = encode_cursor(RNG, "mine", LIST_QUERY, ("\u00fe\u00ff???>>>", 7))
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert b'"PK":"mine"' in urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def page_through(harness: Harness, path: str, limit: int) -> list[str]:
    ids, cursor = [], None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = harness.request("GET", path, query_string=query).json
        ids += [record["id"] for record in page["data"]]
        cursor = page["cursor"]
        if cursor is None:
            return ids


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 14, 15, 16, 100])
def test_paging_returns_everything_once_for_any_page_size(harness: Harness, limit: int) -> None:
    whole = [record["id"] for record in harness.request("GET", "/v1/employees?limit=100").json["data"]]
    assert page_through(harness, "/v1/employees", limit) == whole
    assert len(set(whole)) == len(whole) == 15


def test_paging_skips_and_repeats_nothing_during_inserts_and_deletes(harness: Harness) -> None:
    whole = {record["id"] for record in harness.request("GET", "/v1/employees?limit=100").json["data"]}
    seen, deleted, cursor = [], set(), None
    for step in range(100):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = harness.request("GET", "/v1/employees", query_string=query).json
        seen += [record["id"] for record in page["data"]]
        cursor = page["cursor"]
        if cursor is None:
            break
        # The last record of the page, which the cursor may name, is deleted, and a new one is created.
        gone = page["data"][-1]["id"]
        assert harness.request("DELETE", f"/v1/employees/{gone}", headers={"If-Match": '"1"'}).status_code == 200
        deleted.add(gone)
        assert harness.request("POST", "/v1/employees", json={"name": f"new {step}"}).status_code == 201
    assert len(seen) == len(set(seen))
    assert whole <= set(seen)
    assert deleted
