"""JSON as it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import as_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("aé漢"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@settings(max_examples=100, derandomize=True)
def test_written_json_is_read_as_the_same_value(value: Any) -> None:
    assert json.loads(as_json(value)) == value


def test_json_is_compact_and_utf_8_and_keeps_the_order() -> None:
    assert as_json({"b": "João", "a": [1, None]}) == '{"b":"João","a":[1,null]}'.encode()


def test_sorted_json_does_not_depend_on_the_order_of_members() -> None:
    assert as_json({"b": {"d": 1, "c": 2}, "a": 3}, sort=True) == b'{"a":3,"b":{"c":2,"d":1}}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_value_without_json_form_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"value": value})
