"""What a call looks like in a journal that several processes write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from json import loads
from typing import Any

import pytest

from mockserver.engine import Journals, Match, Problem
from mockserver.engine.core.call import Call, Step
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.pipeline.journal import Entry
from mockserver.engine.pipeline.shared_journal import SharedJournal, packed, unpacked
from tests.support.acme import ACME
from tests.support.engines_on_redis import fleet
from tests.support.worlds import World

WIRES = [
    None,
    Wire(),
    Wire(hold=float("inf")),
    Wire(hold=1.5, pace=Pace(3, 0.25), head=False, cut_after=7, reset=True),
]


def entry(world: World, **changes: Any) -> Entry:
    """An entry with something in every place."""
    sandbox = world.sandbox
    call = Call(
        sandbox,
        "POST",
        "/acme/v1/notes",
        operation=ACME.operations[0],
        query=[("a", "1"), ("a", "2")],
        headers={"x-test": "ü"},
        data=b"\x00\xff{}",
        credential=Credential(world.key(), shown=True),
        key=next(iter(sandbox.keys.values())),
        now=sandbox.now(),
        serial=7,
        trace=[Step("journal", 200, "note"), Step("faults", None, "")],
        fired=["rule"],
    )
    reply = Reply(201, [("X-A", "1"), ("X-A", "2")], b"\xfe body", Problem("not_found", "no note", status=404))
    return replace(Entry(call, reply, 1.25, "Traceback"), **changes)


@pytest.mark.parametrize("wire", WIRES)
def test_an_entry_comes_back_as_it_was(acme: World, wire: Wire | None) -> None:
    written = entry(acme)
    written.reply.wire = wire
    read = unpacked(acme.sandbox, loads(as_json(packed(written))))
    assert read.show() == written.show()
    assert read.call == written.call
    assert (read.reply.body, read.reply.wire) == (written.reply.body, wire)


def test_a_call_of_nobody_comes_back_too(acme: World) -> None:
    call = Call(acme.sandbox, "GET", "/acme/nowhere")
    written = Entry(call, Reply(404), 0.5)
    assert unpacked(acme.sandbox, loads(as_json(packed(written)))).show() == written.show()


@pytest.fixture
def both(redis_url: str) -> Iterator[tuple[World, World]]:
    with fleet(redis_url, ACME, journals=Journals(5, 200_000)) as (one, other):
        yield one, other


def test_every_process_shows_the_calls_of_all_in_the_order_they_were_answered(both: tuple[World, World]) -> None:
    for nth in range(5):
        both[nth % 2].ask("GET", f"/v1/notes/n{nth}")
    paths = [[e.call.path for e in world.sandbox.journal.entries()] for world in both]
    assert paths == [[f"/acme/v1/notes/n{nth}" for nth in range(5)]] * 2
    assert both[0].sandbox.journal.answered == {404: 5}


def test_the_oldest_calls_fall_out_and_are_counted(both: tuple[World, World]) -> None:
    for nth in range(8):
        both[nth % 2].ask("GET", f"/v1/notes/n{nth}")
    assert [e.call.path[-1] for e in both[1].sandbox.journal.entries()] == list("34567")
    assert {world.sandbox.journal.dropped for world in both} == {3}


def test_the_bytes_are_bounded_too(both: tuple[World, World]) -> None:
    for _ in range(3):
        both[0].ask("POST", "/v1/notes", json={"text": "x" * 90_000})
    assert len(both[1].sandbox.journal.entries()) == 1
    assert both[1].sandbox.journal.dropped == 2


def test_a_journal_that_one_clears_is_empty_for_all_and_the_figures_stay(both: tuple[World, World]) -> None:
    both[0].ask("GET", "/v1/notes")
    both[1].admin("DELETE", "/sandboxes/acme/requests")
    assert both[0].sandbox.journal.entries() == []
    assert both[0].sandbox.journal.answered == {200: 1}


def test_calls_of_all_are_matched_and_the_nearest_miss_is_told(both: tuple[World, World]) -> None:
    both[0].ask("POST", "/v1/notes", json={"text": "a"})
    journal = both[1].sandbox.journal
    assert len(journal.entries(Match.model_validate({"method": "POST", "body": {"$.text": "a"}}))) == 1
    missed = next(journal.near_misses(Match.model_validate({"method": "POST", "body": {"$.text": "b"}})))
    assert missed["path"] == "/acme/v1/notes"
    assert missed["why"]


def test_whoever_waits_is_told_what_another_process_has_answered(both: tuple[World, World]) -> None:
    one, other = both
    one.ask("GET", "/v1/notes")
    number = one.sandbox.journal.number
    other.ask("DELETE", "/v1/notes")
    one.ask("GET", "/v1/notes")
    reached, newer = one.sandbox.journal.wait(number, 0.05)
    assert [each.call.method for each in newer] == ["DELETE", "GET"]
    assert one.sandbox.journal.wait(reached, 0.001) == (reached, [])
    refused = newer[0].call.again()
    assert one.engine.answer(refused).status == newer[0].reply.status == 405


class Paper:
    """A tape of this process alone."""

    def __init__(self) -> None:
        self.written: list[tuple[bytes, str]] = []
        self.wiped = 0

    def write(self, entry: bytes, cost: int, counted: str, most: int, largest: int) -> None:
        assert cost == len(entry)
        self.written.append((entry, counted))

    def read(self) -> list[bytes]:
        return [each for each, _ in self.written[self.wiped :]]

    def figures(self) -> tuple[int, dict[str, int]]:
        counted = [status for _, status in self.written]
        return 0, {status: counted.count(status) for status in counted}

    def wipe(self) -> None:
        self.wiped = len(self.written)


def test_whoever_waits_in_this_process_is_told_at_once(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = SharedJournal(Paper(), 10, 1_000_000)
    journal.sandbox = acme.sandbox
    told: list[int] = []
    monkeypatch.setattr(journal._added, "notify_all", lambda: told.append(journal.number))
    for _ in range(2):
        journal.add(entry(acme))
    assert told == [1, 2]


@pytest.mark.parametrize(("behind", "newer"), [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_exactly_what_is_behind_a_number_is_told(acme: World, behind: int, newer: int) -> None:
    journal = SharedJournal(Paper(), 10, 1_000_000)
    journal.sandbox = acme.sandbox
    for nth in range(3):
        journal.add(entry(acme, milliseconds=float(nth)))
    reached, entries = journal.wait(behind, 0)
    assert reached == 3
    assert [each.milliseconds for each in entries] == [0.0, 1.0, 2.0][3 - newer :]
    journal.clear()
    assert (journal.entries(), journal.number, journal.wait(2, 0)) == ([], 3, (3, []))
