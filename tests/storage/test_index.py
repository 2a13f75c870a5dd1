"""The order of records in an index, and the matches of prefixes."""

from __future__ import annotations

import sys
from itertools import product
from typing import Any

import pytest

from mockserver.storage.base import Collection
from mockserver.storage.tinydb.index import sort_key
from mockserver.storage.tinydb.store import TinyStore

LAST = chr(sys.maxunicode)
ALPHANUMERIC = ("a", "B", "c", LAST)
STRINGS = ["".join(each) for length in range(4) for each in product(ALPHANUMERIC, repeat=length)]
OTHER_VALUES: list[Any] = [True, False, 0, 1.5, ["a"], {"a": 1}, []]


def scan_values(values: list[Any], **options: Any) -> list[Any]:
    store = TinyStore(None)
    store.open("box")
    store.declare("box", (Collection("things", ("value",)),))
    with store.transaction("box") as space:
        for nth, value in enumerate(values):
            space.put("things", {"id": str(nth), "value": value})
        return [record["value"] for _, record in space.scan("things", field="value", **options)]


def test_a_prefix_finds_exactly_the_strings_that_begin_with_it() -> None:
    store = TinyStore(None)
    store.open("box")
    store.declare("box", (Collection("things", ("value",)),))
    with store.transaction("box") as space:
        for nth, value in enumerate([*STRINGS, *OTHER_VALUES]):
            space.put("things", {"id": str(nth), "value": value})
        for prefix in STRINGS:
            for descending in (False, True):
                found = [
                    record["value"]
                    for _, record in space.scan("things", field="value", prefix=prefix, descending=descending)
                ]
                matching = [each for each in STRINGS if each.casefold().startswith(prefix.casefold())]
                assert found == sorted(matching, key=str.casefold, reverse=descending), prefix


def test_numbers_are_ordered_by_value_and_not_as_text() -> None:
    numbers = [10, 9, -1, 1.5, 10**30, 0, -2.5, 100, 1e20]
    assert scan_values(numbers) == sorted(numbers)
    assert scan_values(numbers, descending=True) == sorted(numbers, reverse=True)


def test_values_are_ordered_by_type_with_booleans_first_and_null_is_not_indexed() -> None:
    assert scan_values([[1], "a", 2, None, True, {"b": 1}, False, "B"]) == [False, True, 2, "a", "B", [1], {"b": 1}]


def test_objects_are_equal_in_any_order_of_their_members() -> None:
    one, other, third = {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 3}
    assert scan_values([one, third, other], equals=other) == [one, other]


def test_nan_has_a_fixed_place_in_the_order() -> None:
    nan = float("nan")
    assert sort_key(nan) == sort_key(float("nan"))
    assert sort_key(nan) is not None
    assert sort_key(nan)[0] == sort_key([])[0] != sort_key(1.0)[0]  # type: ignore[index]


@pytest.mark.parametrize("value", ["Straße", "ǅ", "İ"])
def test_a_string_is_found_without_regard_to_case(value: str) -> None:
    others = [value.casefold(), value.upper().casefold()]
    assert scan_values([value, *others, "x"], equals=value) == [
        each for each in [value, *others] if each.casefold() == value.casefold()
    ]
