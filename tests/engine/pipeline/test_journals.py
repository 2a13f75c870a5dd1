"""The journals of all sandboxes together: the largest is evicted first, and deleted ones use no memory."""

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


def test_beyond_the_total_bytes_the_largest_journal_drops_its_oldest_entries(harness: Harness) -> None:
    journals = Journals(total_bytes=20 * ENTRY_OVERHEAD_BYTES)
    large, small = journals.create(None), journals.create(None)
    add(large, harness, 15)
    newest = [entry.id for entry in large.entries()[-9:]]
    add(small, harness, 10)
    assert lengths(large, small) == [9, 10]
    assert [entry.id for entry in large.entries()] == newest
    assert (large.dropped, small.dropped) == (6, 0)
    assert large.memory_bytes + small.memory_bytes <= 20 * ENTRY_OVERHEAD_BYTES


def test_the_total_bytes_are_bounded_for_any_sequence_of_calls(harness: Harness) -> None:
    journals = Journals(entries=50, bytes=30 * ENTRY_OVERHEAD_BYTES, total_bytes=64 * ENTRY_OVERHEAD_BYTES)
    all_journals = [journals.create(None) for _ in range(5)]
    for nth in range(600):
        add(all_journals[nth * nth % 5], harness, size=nth * 37 % 5_000)
        assert sum(journal.memory_bytes for journal in all_journals) <= 64 * ENTRY_OVERHEAD_BYTES
    assert sum(journal.memory_bytes for journal in all_journals) > 50 * ENTRY_OVERHEAD_BYTES


def test_the_newest_entry_of_each_journal_is_always_kept(harness: Harness) -> None:
    journals = Journals(total_bytes=ENTRY_OVERHEAD_BYTES)
    all_journals = [journals.create(None) for _ in range(3)]
    for journal in all_journals:
        add(journal, harness, 2)
    assert lengths(*all_journals) == [1, 1, 1]


def test_cleared_and_removed_journals_free_memory(harness: Harness) -> None:
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


def test_eviction_does_not_run_with_every_call(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    evictions: list[int] = []
    evict_bytes = Journal.evict_bytes

    def record_and_evict(journal: Journal, bytes: int) -> int:
        evictions.append(bytes)
        return evict_bytes(journal, bytes)

    monkeypatch.setattr(Journal, "evict_bytes", record_and_evict)
    journals = Journals(total_bytes=640 * ENTRY_OVERHEAD_BYTES)
    journal = journals.create(None)
    add(journal, harness, 2_000)
    assert len(evictions) < 2_000 / 8


def test_deleting_a_sandbox_frees_the_memory_of_its_journal(harness: Harness) -> None:
    def calls(sandbox: str) -> Any:
        harness.request("GET", "/v1/notes", sandbox=sandbox)
        return len(harness.engine.sandboxes[sandbox].journal.entries())

    harness.engine.journals.total_bytes = 6 * ENTRY_OVERHEAD_BYTES
    harness.engine.create("acme", "other")
    assert [calls("other") for _ in range(4)] == [1, 2, 3, 4]
    deleted_journal = harness.engine.sandboxes["other"].journal
    harness.engine.delete("other")
    assert (deleted_journal.memory_bytes, deleted_journal.entries()) == (0, [])
    assert [calls("acme") for _ in range(5)] == [1, 2, 3, 4, 5]


def test_a_removed_journal_is_not_referenced_any_more() -> None:
    journals = Journals()
    journal = journals.create(None)
    reference = ref(journal)
    journals.remove(journal)
    del journal
    assert reference() is None


def test_without_journals_nothing_is_evicted(harness: Harness) -> None:
    journals = Journals(total_bytes=ENTRY_OVERHEAD_BYTES)
    journal = journals.create(None)
    journals.remove(journal)
    budget = journal._budget
    budget.used = 2 * ENTRY_OVERHEAD_BYTES  # As when calls of deleted sandboxes are still being recorded.
    budget.free_memory()
    assert budget.used == 2 * ENTRY_OVERHEAD_BYTES
