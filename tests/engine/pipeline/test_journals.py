"""The journals of all sandboxes together: the largest gives way, and who is gone takes no room."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from mockserver.engine import Call, Journals, Reply
from mockserver.engine.pipeline.journal import OVERHEAD, Entry, Journal
from tests.support.acme import ACME
from tests.support.worlds import World, make_world

SERIALS = count(1)


@pytest.fixture
def world() -> World:
    return make_world(ACME)


def add(journal: Journal, world: World, times: int = 1, size: int = 0) -> None:
    for _ in range(times):
        call = Call(world.sandbox, "POST", "/v1/notes", serial=next(SERIALS), data=b"q" * size)
        journal.add(Entry(call, Reply(201), 1.0))


def lengths(*journals: Journal) -> list[int]:
    return [len(journal.entries()) for journal in journals]


def test_the_oldest_of_the_largest_journal_go_when_all_together_are_too_large(world: World) -> None:
    journals = Journals(together=20 * OVERHEAD)
    large, small = journals.make(None), journals.make(None)
    add(large, world, 15)
    newest = [entry.id for entry in large.entries()[-9:]]
    add(small, world, 10)
    assert lengths(large, small) == [9, 10]
    assert [entry.id for entry in large.entries()] == newest
    assert (large.dropped, small.dropped) == (6, 0)
    assert large.size + small.size <= 20 * OVERHEAD


def test_the_bound_holds_whatever_comes_in_whatever_order(world: World) -> None:
    journals = Journals(entries=50, bytes=30 * OVERHEAD, together=64 * OVERHEAD)
    made = [journals.make(None) for _ in range(5)]
    for nth in range(600):
        add(made[nth * nth % 5], world, size=nth * 37 % 5_000)
        assert sum(journal.size for journal in made) <= 64 * OVERHEAD
    assert sum(journal.size for journal in made) > 50 * OVERHEAD


def test_the_newest_entry_of_a_journal_stays_even_when_there_is_no_room(world: World) -> None:
    journals = Journals(together=OVERHEAD)
    made = [journals.make(None) for _ in range(3)]
    for journal in made:
        add(journal, world, 2)
    assert lengths(*made) == [1, 1, 1]


def test_what_is_cleared_or_forgotten_makes_room(world: World) -> None:
    journals = Journals(together=20 * OVERHEAD)
    first, second = journals.make(None), journals.make(None)
    add(first, world, 18)
    first.clear()
    add(first, world, 3)
    add(second, world, 16)
    assert lengths(first, second) == [3, 16]
    journals.forget(second)
    add(second, world, 5)
    add(first, world, 16)
    assert lengths(first, second) == [19, 0]


def test_room_is_not_looked_for_with_every_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    shed = Journal.shed

    def noted(journal: Journal, bytes: int) -> int:
        looked.append(bytes)
        return shed(journal, bytes)

    monkeypatch.setattr(Journal, "shed", noted)
    journals = Journals(together=640 * OVERHEAD)
    journal = journals.make(None)
    add(journal, world, 2_000)
    assert len(looked) < 2_000 / 8


def test_a_sandbox_that_is_deleted_gives_back_what_its_journal_took(world: World) -> None:
    def calls(sandbox: str) -> Any:
        world.ask("GET", "/v1/notes", sandbox=sandbox)
        return len(world.engine.sandboxes[sandbox].journal.entries())

    world.engine.journals.together = 6 * OVERHEAD
    world.engine.create("acme", "other")
    assert [calls("other") for _ in range(4)] == [1, 2, 3, 4]
    gone = world.engine.sandboxes["other"].journal
    world.engine.delete("other")
    assert (gone.size, gone.entries()) == (0, [])
    assert [calls("acme") for _ in range(5)] == [1, 2, 3, 4, 5]
