"""The checker accepts linearizable histories and rejects the others."""

from __future__ import annotations

from tests.support.linearizability import RegisterOperation, is_linearizable


def test_a_stale_read_after_a_write_is_not_linearizable() -> None:
    write, stale = RegisterOperation(0, 1, "write", "new"), RegisterOperation(2, 3, "read", "old")
    assert not is_linearizable([write, stale], "old")


def test_concurrent_read_may_see_old_or_new_value() -> None:
    write = RegisterOperation(0, 2, "write", "new")
    for value in ("old", "new"):
        assert is_linearizable([write, RegisterOperation(1, 3, "read", value)], "old")


def test_two_reads_during_a_write_cannot_see_the_new_value_before_the_old_one() -> None:
    write = RegisterOperation(0, 9, "write", "new")
    first, second = RegisterOperation(1, 2, "read", "new"), RegisterOperation(3, 4, "read", "old")
    assert not is_linearizable([write, first, second], "old")
    assert is_linearizable(
        [write, RegisterOperation(1, 2, "read", "old"), RegisterOperation(3, 4, "read", "new")], "old"
    )
