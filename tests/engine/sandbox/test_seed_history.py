"""Seed histories: simulations before a sandbox begins, whose result is its seed data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from mockserver.engine import SECOND, SeedHistory, Simulation, SimulationContext, emit
from tests.support.acme import ACME
from tests.support.harness import NOON


class Note(BaseModel):
    """The parameters of the simulation that writes a note."""

    text: str


def _write(context: SimulationContext, note: Note) -> dict[str, Any]:
    record = {"id": f"note_{context.space.increment('notes')}", "text": note.text, "at": context.now}
    context.space.put("notes", record)
    emit(context, f"evt_{record['id']}", "note.created", {"id": record["id"]})
    return record


PROVIDER = replace(ACME, simulations=(Simulation("write", "Someone writes a note.", Note, _write),))


def make_seed_history() -> SeedHistory:
    return SeedHistory(PROVIDER, "1", NOON, {"notes": [{"id": "old", "text": "before", "at": 0}]})


def test_a_history_adds_to_the_initial_records() -> None:
    history = make_seed_history()
    history.run(lambda context: _write(context, Note(text="now")))
    assert [note["text"] for note in history.state()["notes"]] == ["before", "now"]


def test_the_clock_is_frozen_until_it_is_advanced() -> None:
    history = make_seed_history()
    instants = [history.run(lambda context: context.now) for _ in range(2)]
    history.advance(5 * SECOND)
    history.advance_to(NOON + 60 * SECOND)
    assert [*instants, history.sandbox.now()] == [NOON, NOON, NOON + 60 * SECOND]


def test_due_timers_run_and_later_ones_are_in_the_seed_state() -> None:
    history = make_seed_history()
    for after, text in ((1, "soon"), (60, "later")):
        due = NOON + after * SECOND
        history.run(
            lambda context, due=due, text=text: history.sandbox.schedule(context.space, due, "write", {"text": text})  # type: ignore[misc]
        )
    history.advance(10 * SECOND)
    state = history.state()
    assert [(note["text"], note["at"]) for note in state["notes"][1:]] == [("soon", NOON + SECOND)]
    assert [timer["parameters"] for timer in state["_timers"]] == [{"text": "later"}]
    assert [event["created_at"] for event in state["_events"]] == [NOON + SECOND]


def test_the_counters_of_the_history_are_in_the_seed_state() -> None:
    history = make_seed_history()
    history.run(lambda context: _write(context, Note(text="now")))
    assert {"id": "notes", "value": 1} in history.state()["_counters"]


def test_internal_collections_are_not_in_the_seed_state() -> None:
    assert not {"_sandbox", "_keys", "_faults"} & set(make_seed_history().state())


def test_the_same_seed_gives_the_same_values() -> None:
    one, two = make_seed_history().sandbox.randomness, make_seed_history().sandbox.randomness
    assert one.text("id", 1, 8) == two.text("id", 1, 8)
