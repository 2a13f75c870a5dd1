"""The checker of histories tells those that could have been from those that could not."""

from __future__ import annotations

from tests.support.linearizability import RegisterOperation, is_linearizable


def test_a_read_after_a_write_that_sees_the_value_before_could_not_have_been() -> None:
    write, stale = RegisterOperation(0, 1, "write", "new"), RegisterOperation(2, 3, "read", "old")
    assert not is_linearizable([write, stale], "old")


def test_concurrent_read_may_see_old_or_new_value() -> None:
    write = RegisterOperation(0, 2, "write", "new")
    for value in ("old", "new"):
        assert is_linearizable([write, RegisterOperation(1, 3, "read", value)], "old")


def test_two_reads_beside_a_write_may_not_see_time_go_back() -> None:
    write = RegisterOperation(0, 9, "write", "new")
    forth, back = RegisterOperation(1, 2, "read", "new"), RegisterOperation(3, 4, "read", "old")
    assert not is_linearizable([write, forth, back], "old")
    assert is_linearizable(
        [write, RegisterOperation(1, 2, "read", "old"), RegisterOperation(3, 4, "read", "new")], "old"
    )
