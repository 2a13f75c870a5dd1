"""The checker of histories tells those that could have been from those that could not."""

from __future__ import annotations

from tests.support.linearizability import Step, is_linearizable


def test_a_read_after_a_write_that_sees_the_value_before_could_not_have_been() -> None:
    write, stale = Step(0, 1, "write", "new"), Step(2, 3, "read", "old")
    assert not is_linearizable([write, stale], "old")


def test_a_read_beside_a_write_may_see_either() -> None:
    write = Step(0, 2, "write", "new")
    for value in ("old", "new"):
        assert is_linearizable([write, Step(1, 3, "read", value)], "old")


def test_two_reads_beside_a_write_may_not_see_time_go_back() -> None:
    write = Step(0, 9, "write", "new")
    forth, back = Step(1, 2, "read", "new"), Step(3, 4, "read", "old")
    assert not is_linearizable([write, forth, back], "old")
    assert is_linearizable([write, Step(1, 2, "read", "old"), Step(3, 4, "read", "new")], "old")
