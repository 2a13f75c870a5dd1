"""A life lived before a sandbox begins: what is done there is what the sandbox has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from mockserver.engine import SECOND, SeedHistory, Simulation, SimulationContext, emit
from tests.support.acme import ACME
from tests.support.harness import NOON


class Note(BaseModel):
    """What a note says."""

    text: str


def _write(moment: SimulationContext, note: Note) -> dict[str, Any]:
    record = {"id": f"note_{moment.space.increment('notes')}", "text": note.text, "at": moment.now}
    moment.space.put("notes", record)
    emit(moment, f"evt_{record['id']}", "note.created", {"id": record["id"]})
    return record


PROVIDER = replace(ACME, simulations=(Simulation("write", "Someone writes a note.", Note, _write),))


def make_seed_history() -> SeedHistory:
    return SeedHistory(PROVIDER, "1", NOON, {"notes": [{"id": "old", "text": "before", "at": 0}]})


def test_what_is_done_stands_beside_what_was_there() -> None:
    stage = make_seed_history()
    stage.run(lambda moment: _write(moment, Note(text="now")))
    assert [note["text"] for note in stage.state()["notes"]] == ["before", "now"]


def test_the_clock_stands_still_until_it_is_advanced() -> None:
    stage = make_seed_history()
    instants = [stage.run(lambda moment: moment.now) for _ in range(2)]
    stage.advance(5 * SECOND)
    stage.advance_to(NOON + 60 * SECOND)
    assert [*instants, stage.sandbox.now()] == [NOON, NOON, NOON + 60 * SECOND]


def test_what_falls_due_meanwhile_is_done_and_what_is_still_to_come_is_kept() -> None:
    stage = make_seed_history()
    for after, text in ((1, "soon"), (60, "later")):
        due = NOON + after * SECOND
        stage.run(lambda moment, due=due, text=text: stage.sandbox.schedule(moment.space, due, "write", {"text": text}))  # type: ignore[misc]
    stage.advance(10 * SECOND)
    state = stage.state()
    assert [(note["text"], note["at"]) for note in state["notes"][1:]] == [("soon", NOON + SECOND)]
    assert [timer["parameters"] for timer in state["_timers"]] == [{"text": "later"}]
    assert [event["created_at"] for event in state["_events"]] == [NOON + SECOND]


def test_ids_go_on_counting_where_the_rehearsal_stopped() -> None:
    stage = make_seed_history()
    stage.run(lambda moment: _write(moment, Note(text="now")))
    assert {"id": "notes", "value": 1} in stage.state()["_counters"]


def test_internal_collections_are_not_in_the_seed_state() -> None:
    assert not {"_sandbox", "_keys", "_faults"} & set(make_seed_history().state())


def test_the_same_seed_draws_the_same() -> None:
    one, two = make_seed_history().sandbox.randomness, make_seed_history().sandbox.randomness
    assert one.text("id", 1, 8) == two.text("id", 1, 8)
