"""Replaying log records into tables: only the named records change, and no number is used twice."""

from __future__ import annotations

import pytest

from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.replay import number_records, replace_tables, replay


def test_putting_and_dropping_one_record_leaves_the_others_and_other_tables() -> None:
    state = Checkpoint(0, {"a": {"1": {"id": "x"}, "2": {"id": "y"}}, "b": {"1": {"id": "z"}}}, {"a": 3, "b": 2})
    replay(state, [["put", "a", 1, {"id": "x", "n": 1}], ["drop", "a", 2], ["drop", "a", 9], ["drop", "c", 1]])
    assert state.tables == {"a": {"1": {"id": "x", "n": 1}}, "b": {"1": {"id": "z"}}, "c": {}}
    assert state.next_ids == {"a": 3, "b": 2}


@pytest.mark.parametrize(("n", "following"), [(1, 3), (2, 3), (3, 4), (9, 10)])
def test_the_next_number_is_above_every_number_in_use(n: int, following: int) -> None:
    state = Checkpoint(0, {"a": {}}, {"a": 3})
    replay(state, [["put", "a", n, {"id": "x"}]])
    assert state.next_ids == {"a": following}


def test_the_first_record_of_a_new_table_sets_its_next_number() -> None:
    state = Checkpoint()
    replay(state, [["put", "a", 1, {"id": "x"}]])
    assert (state.tables, state.next_ids) == ({"a": {"1": {"id": "x"}}}, {"a": 2})


def test_a_load_replaces_all_tables_and_numbers_from_one() -> None:
    state = Checkpoint(0, {"a": {"7": {"id": "x"}}, "b": {"1": {}}}, {"a": 8, "b": 2})
    replay(state, [["load", {"a": [{"id": "p"}, {"id": "q"}], "c": []}]])
    assert state.tables == {"a": {"1": {"id": "p"}, "2": {"id": "q"}}, "c": {}}
    assert state.next_ids == {"a": 3, "c": 1}


def test_replaced_tables_continue_after_the_numbers_in_use() -> None:
    tables, following = replace_tables({"a": {"2": {}, "10": {}}, "b": {}, "c": {"1": {}}}, {"a": 5, "b": 4, "d": 9})
    assert tables == {"a": {"2": {}, "10": {}}, "b": {}, "c": {"1": {}}}
    assert following == {"a": 11, "b": 4, "c": 2, "d": 9}
    assert replace_tables({"a": {}}, {}) == ({"a": {}}, {"a": 1})


def test_two_records_with_the_same_id_are_refused_and_two_without_an_id_are_not() -> None:
    assert number_records({"a": [{}, {}, {"id": "x"}]})[1] == {"a": 4}
    with pytest.raises(ValueError, match="'a' of the state has two records with the same id"):
        number_records({"b": [{"id": "x"}], "a": [{"id": "x"}, {"id": "x"}]})
