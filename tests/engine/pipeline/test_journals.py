"""The journals of all sandboxes together: the largest gives way, and who is gone takes no room."""

from __future__ import annotations

from itertools import count
from typing import Any
from weakref import ref

import pytest

from mockserver.engine import Call, Journals, Reply
from mockserver.engine.pipeline.journal import ENTRY_OVERHEAD_BYTES, Entry, Journal
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness

SERIALS = count(1)


@pytest.fixture
def harness() -> Harness:
    return make_harness(ACME)


def add(journal: Journal, harness: Harness, times: int = 1, size: int = 0) -> None:
    for _ in range(times):
        call = Call(harness.sandbox, "POST", "/v1/notes", serial=next(SERIALS), data=b"q" * size)
        journal.add(Entry(call, Reply(201), 1.0))


def lengths(*journals: Journal) -> list[int]:
    return [len(journal.entries()) for journal in journals]


def test_the_oldest_of_the_largest_journal_go_when_all_together_are_too_large(harness: Harness) -> None:
    journals = Journals(total_bytes=20 * ENTRY_OVERHEAD_BYTES)
    large, small = journals.create(None), journals.create(None)
    add(large, harness, 15)
    newest = [entry.id for entry in large.entries()[-9:]]
    add(small, harness, 10)
    assert lengths(large, small) == [9, 10]
    assert [entry.id for entry in large.entries()] == newest
    assert (large.dropped, small.dropped) == (6, 0)
    assert large.memory_bytes + small.memory_bytes <= 20 * ENTRY_OVERHEAD_BYTES


def test_the_bound_holds_whatever_comes_in_whatever_order(harness: Harness) -> None:
    journals = Journals(entries=50, bytes=30 * ENTRY_OVERHEAD_BYTES, total_bytes=64 * ENTRY_OVERHEAD_BYTES)
    made = [journals.create(None) for _ in range(5)]
    for nth in range(600):
        add(made[nth * nth % 5], harness, size=nth * 37 % 5_000)
        assert sum(journal.memory_bytes for journal in made) <= 64 * ENTRY_OVERHEAD_BYTES
    assert sum(journal.memory_bytes for journal in made) > 50 * ENTRY_OVERHEAD_BYTES


def test_the_newest_entry_of_a_journal_stays_even_when_there_is_no_room(harness: Harness) -> None:
    journals = Journals(total_bytes=ENTRY_OVERHEAD_BYTES)
    made = [journals.create(None) for _ in range(3)]
    for journal in made:
        add(journal, harness, 2)
    assert lengths(*made) == [1, 1, 1]


def test_what_is_cleared_or_forgotten_makes_room(harness: Harness) -> None:
    journals = Journals(total_bytes=20 * ENTRY_OVERHEAD_BYTES)
    first, second = journals.create(None), journals.create(None)
    add(first, harness, 18)
    first.clear()
    add(first, harness, 3)
    add(second, harness, 16)
    assert lengths(first, second) == [3, 16]
    journals.remove(second)
    add(second, harness, 5)
    add(first, harness, 16)
    assert lengths(first, second) == [19, 0]


def test_room_is_not_looked_for_with_every_call(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    shed = Journal.evict_bytes

    def noted(journal: Journal, bytes: int) -> int:
        looked.append(bytes)
        return shed(journal, bytes)

    monkeypatch.setattr(Journal, "evict_bytes", noted)
    journals = Journals(total_bytes=640 * ENTRY_OVERHEAD_BYTES)
    journal = journals.create(None)
    add(journal, harness, 2_000)
    assert len(looked) < 2_000 / 8


def test_a_sandbox_that_is_deleted_gives_back_what_its_journal_took(harness: Harness) -> None:
    def calls(sandbox: str) -> Any:
        harness.request("GET", "/v1/notes", sandbox=sandbox)
        return len(harness.engine.sandboxes[sandbox].journal.entries())

    harness.engine.journals.total_bytes = 6 * ENTRY_OVERHEAD_BYTES
    harness.engine.create("acme", "other")
    assert [calls("other") for _ in range(4)] == [1, 2, 3, 4]
    gone = harness.engine.sandboxes["other"].journal
    harness.engine.delete("other")
    assert (gone.memory_bytes, gone.entries()) == (0, [])
    assert [calls("acme") for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_journal_that_is_forgotten_is_held_by_nobody() -> None:
    journals = Journals()
    journal = journals.create(None)
    gone = ref(journal)
    journals.remove(journal)
    del journal
    assert gone() is None


def test_where_there_is_no_journal_there_is_no_room_to_be_made(harness: Harness) -> None:
    journals = Journals(total_bytes=ENTRY_OVERHEAD_BYTES)
    journal = journals.create(None)
    journals.remove(journal)
    written = journal._budget
    written.used = 2 * ENTRY_OVERHEAD_BYTES  # As while calls of sandboxes that are gone are still being written down.
    written.free_memory()
    assert written.used == 2 * ENTRY_OVERHEAD_BYTES
