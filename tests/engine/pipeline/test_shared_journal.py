"""The journal that several processes share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from json import loads
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import Journals, Match, Problem
from mockserver.engine.core.call import Call, TraceStep
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.pipeline.journal import Entry
from mockserver.engine.pipeline.shared_journal import SharedJournal, pack_entry, unpack_entry
from tests.support.acme import ACME
from tests.support.harness import Harness
from tests.support.redis_cluster import make_cluster

WIRE_VALUES = [
    None,
    Wire(),
    Wire(hold=float("inf")),
    Wire(hold=1.5, pace=Pace(3, 0.25), head=False, cut_after=7, reset=True),
]


def entry(harness: Harness, **changes: Any) -> Entry:
    """Returns an entry with a value in every member."""
    sandbox = harness.sandbox
    call = Call(
        sandbox,
        "POST",
        "/acme/v1/notes",
        operation=ACME.operations[0],
        query=[("a", "1"), ("a", "2")],
        headers={"x-test": "ü"},
        data=b"\x00\xff{}",
        credential=Credential(harness.key(), shown=True),
        key=next(iter(sandbox.keys.values())),
        now=sandbox.now(),
        serial=7,
        trace=[TraceStep("journal", 200, "note"), TraceStep("faults", None, "")],
        fired=["rule"],
    )
    reply = Reply(201, [("X-A", "1"), ("X-A", "2")], b"\xfe body", Problem("not_found", "no note", status=404))
    return replace(Entry(call, reply, 1.25, "Traceback"), **changes)


@pytest.mark.parametrize("wire", WIRE_VALUES)
def test_an_entry_is_restored_unchanged(acme: Harness, wire: Wire | None) -> None:
    written = entry(acme)
    written.reply.wire = wire
    restored = unpack_entry(acme.sandbox, loads(as_json(pack_entry(written))))
    assert restored.render() == written.render()
    assert restored.call == written.call
    assert (restored.reply.body, restored.reply.wire) == (written.reply.body, wire)


def test_entry_without_a_key_is_restored_too(acme: Harness) -> None:
    call = Call(acme.sandbox, "GET", "/acme/nowhere")
    written = Entry(call, Reply(404), 0.5)
    assert unpack_entry(acme.sandbox, loads(as_json(pack_entry(written)))).render() == written.render()


@pytest.fixture
def two_harnesses(redis_url: str) -> Iterator[tuple[Harness, Harness]]:
    with make_cluster(redis_url, ACME, journals=Journals(5, 200_000)) as (one, other):
        yield one, other


def test_every_process_shows_all_calls_in_the_order_of_their_responses(
    two_harnesses: tuple[Harness, Harness],
) -> None:
    for nth in range(5):
        two_harnesses[nth % 2].request("GET", f"/v1/notes/n{nth}")
    paths = [[e.call.path for e in harness.sandbox.journal.entries()] for harness in two_harnesses]
    assert paths == [[f"/acme/v1/notes/n{nth}" for nth in range(5)]] * 2
    assert two_harnesses[0].sandbox.journal.status_counts == {404: 5}


def test_the_oldest_calls_are_dropped_and_counted(two_harnesses: tuple[Harness, Harness]) -> None:
    for nth in range(8):
        two_harnesses[nth % 2].request("GET", f"/v1/notes/n{nth}")
    assert [e.call.path[-1] for e in two_harnesses[1].sandbox.journal.entries()] == list("34567")
    assert {harness.sandbox.journal.dropped for harness in two_harnesses} == {3}


def test_the_bytes_are_bounded_too(two_harnesses: tuple[Harness, Harness]) -> None:
    for _ in range(3):
        two_harnesses[0].request("POST", "/v1/notes", json={"text": "x" * 90_000})
    assert len(two_harnesses[1].sandbox.journal.entries()) == 1
    assert two_harnesses[1].sandbox.journal.dropped == 2


def test_clearing_the_journal_applies_to_all_processes_and_keeps_the_counts(
    two_harnesses: tuple[Harness, Harness],
) -> None:
    two_harnesses[0].request("GET", "/v1/notes")
    two_harnesses[1].admin("DELETE", "/sandboxes/acme/requests")
    assert two_harnesses[0].sandbox.journal.entries() == []
    assert two_harnesses[0].sandbox.journal.status_counts == {200: 1}


def test_calls_of_all_processes_are_matched_and_compared_for_near_misses(
    two_harnesses: tuple[Harness, Harness],
) -> None:
    two_harnesses[0].request("POST", "/v1/notes", json={"text": "a"})
    journal = two_harnesses[1].sandbox.journal
    assert len(journal.entries(Match.model_validate({"method": "POST", "body": {"$.text": "a"}}))) == 1
    missed = next(journal.near_misses(Match.model_validate({"method": "POST", "body": {"$.text": "b"}})))
    assert missed["path"] == "/acme/v1/notes"
    assert missed["why"]


def test_a_waiting_reader_gets_the_calls_of_another_process(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.request("GET", "/v1/notes")
    number = one.sandbox.journal.total
    other.request("DELETE", "/v1/notes")
    one.request("GET", "/v1/notes")
    reached, newer = one.sandbox.journal.wait_for_entries(number, 0.05)
    assert [each.call.method for each in newer] == ["DELETE", "GET"]
    assert one.sandbox.journal.wait_for_entries(reached, 0.001) == (reached, [])
    refused = newer[0].call.copy_for_replay()
    assert one.engine.handle(refused).status == newer[0].reply.status == 405


class InMemoryJournalLog:
    """A journal log in the memory of this process."""

    def __init__(self) -> None:
        self.written: list[tuple[bytes, str]] = []
        self.cleared_count = 0

    def write(self, entry: bytes, cost: int, counter: str, max_entries: int, max_bytes: int) -> None:
        assert cost == len(entry)
        self.written.append((entry, counter))

    def read(self) -> list[bytes]:
        return [each for each, _ in self.written[self.cleared_count :]]

    def counts(self) -> tuple[int, dict[str, int]]:
        statuses = [status for _, status in self.written]
        return 0, {status: statuses.count(status) for status in statuses}

    def clear(self) -> None:
        self.cleared_count = len(self.written)


def test_a_waiting_reader_in_this_process_is_notified_at_once(acme: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = SharedJournal(InMemoryJournalLog(), 10, 1_000_000)
    journal.sandbox = acme.sandbox
    totals: list[int] = []
    monkeypatch.setattr(journal._added, "notify_all", lambda: totals.append(journal.total))
    for _ in range(2):
        journal.add(entry(acme))
    assert totals == [1, 2]


@pytest.mark.parametrize(("behind", "newer"), [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_waiting_returns_exactly_the_entries_after_a_number(acme: Harness, behind: int, newer: int) -> None:
    journal = SharedJournal(InMemoryJournalLog(), 10, 1_000_000)
    journal.sandbox = acme.sandbox
    for nth in range(3):
        journal.add(entry(acme, milliseconds=float(nth)))
    reached, entries = journal.wait_for_entries(behind, 0)
    assert reached == 3
    assert [each.milliseconds for each in entries] == [0.0, 1.0, 2.0][3 - newer :]
    journal.clear()
    assert (journal.entries(), journal.total, journal.wait_for_entries(2, 0)) == ([], 3, (3, []))


class SignallingJournal(SharedJournal):
    """A journal that signals when a reader begins to wait."""

    def __init__(self) -> None:
        super().__init__(InMemoryJournalLog(), 10, 1_000_000)
        self.total_read = Event()

    @property
    def total(self) -> int:
        self.total_read.set()
        return super().total


def test_a_waiting_reader_gets_the_next_call_and_returns_no_earlier(acme: Harness) -> None:
    journal, results = SignallingJournal(), []
    journal.sandbox = acme.sandbox
    reader = Thread(target=lambda: results.append(journal.wait_for_entries(0, 60)))
    reader.start()
    assert journal.total_read.wait(10)
    journal.add(entry(acme))
    reader.join(5)
    assert [(number, len(entries)) for number, entries in results] == [(1, 1)]
