"""Lifecycles: transitions by call and by timer, changes of a record, and events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mockserver.engine import (
    SECOND,
    Lifecycle,
    Problem,
    Record,
    SimulationContext,
    TimedTransition,
    Transition,
    WriteContext,
    timer_simulation,
)
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness, make_harness

EMITTED: list[str] = []


def _record_event(at: WriteContext, record: dict[str, Any]) -> None:
    record["shown"] = at.now


NOTES = Lifecycle(
    "note",
    "notes",
    transitions=(
        Transition("show", ("draft",), "shown"),
        Transition("hide", ("shown",), "hidden"),
        Transition("hide", ("draft",), "draft"),
        Transition("lose", ("draft", "shown"), "lost"),
    ),
    timed_transitions=(
        TimedTransition("draft", lambda at, record: record.get("due"), lambda _moment, record: record.get("next")),
        TimedTransition("shown", lambda at, _record: at.now + 5 * SECOND, lambda *_: "hide"),
    ),
    before_enter={"shown": _record_event},
    after_enter=lambda _at, record: EMITTED.append(record["status"]),
)
PROVIDER = replace(ACME, simulations=(timer_simulation((NOTES,)),))


@pytest.fixture
def harness() -> Harness:
    EMITTED.clear()
    return make_harness(PROVIDER)


@contextmanager
def simulation_context(harness: Harness) -> Iterator[SimulationContext]:
    now = harness.sandbox.now()
    with harness.sandbox.transaction() as space:
        yield SimulationContext(harness.sandbox, now, space)


def create_draft(harness: Harness, **fields: Any) -> Record:
    with simulation_context(harness) as at:
        return NOTES.create(at, {"id": "n", **fields}, "draft")


def stored_note(harness: Harness) -> Record:
    with simulation_context(harness) as at:
        record = at.space.get("notes", "n")
    assert record is not None
    return record


def test_a_transition_changes_the_state_and_the_given_fields(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        NOTES.apply(at, note, "show", title="x")
    assert (stored_note(harness)["status"], stored_note(harness)["title"], stored_note(harness)["shown"]) == (
        "shown",
        "x",
        NOON,
    )
    assert EMITTED == ["draft", "shown"]


def test_a_transition_that_the_state_does_not_allow_is_refused(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        lost = NOTES.apply(at, note, "lose")
        with pytest.raises(Problem, match="The note is lost") as refusal:
            NOTES.apply(at, lost, "show")
    assert refusal.value.code == "invalid_state"
    assert stored_note(harness)["status"] == "lost"


def test_transitions_of_one_name_may_lead_to_different_states(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        assert NOTES.apply(at, note, "hide")["status"] == "draft"
        assert NOTES.apply(at, NOTES.apply(at, note, "show"), "hide")["status"] == "hidden"


def test_transitions_are_found_by_target_state_and_by_name(harness: Harness) -> None:
    note = create_draft(harness)
    assert [NOTES.transition_to(note, state) for state in ("shown", "lost", "hidden")] == ["show", "lose", None]
    assert NOTES.find_transition(note, "show") == Transition("show", ("draft",), "shown")
    assert NOTES.find_transition(note, "none") is None


def test_a_due_transition_happens_at_its_instant_and_sets_the_next_timer(harness: Harness) -> None:
    create_draft(harness, due=NOON + 3 * SECOND, next="show")
    harness.advance("2s")
    assert stored_note(harness)["status"] == "draft"
    harness.advance("1s")
    assert (stored_note(harness)["status"], stored_note(harness)["_entered"]) == ("shown", NOON + 3 * SECOND)
    done = harness.advance("5s")
    assert stored_note(harness)["status"] == "hidden"
    assert done["done"][0]["result"] == {"id": "n", "status": "hidden"}


def test_a_transition_due_in_the_past_happens_at_once(harness: Harness) -> None:
    create_draft(harness, due=NOON - SECOND, next="lose")
    harness.advance("0s")
    assert stored_note(harness)["status"] == "lost"


def test_a_timer_is_void_after_its_state_was_left_and_entered_again(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        shown = NOTES.apply(at, note, "show")
    harness.advance("3s")
    with simulation_context(harness) as at:
        NOTES.create(at, shown, "shown")
    harness.advance("3s")
    assert stored_note(harness)["status"] == "shown"
    harness.advance("2s")
    assert stored_note(harness)["status"] == "hidden"


def test_a_due_timer_may_name_no_transition(harness: Harness) -> None:
    create_draft(harness, due=NOON + SECOND, next=None)
    done = harness.advance("1s")
    assert done["done"][0]["result"] == {"id": "n", "status": "as it was"}
    assert stored_note(harness)["status"] == "draft"


def test_a_due_timer_of_a_deleted_record_does_nothing(harness: Harness) -> None:
    create_draft(harness, due=NOON + SECOND, next="show")
    with simulation_context(harness) as at:
        at.space.drop("notes", "n")
    assert harness.advance("1s")["done"][0]["result"]["status"] == "as it was"


def test_updating_a_record_within_its_state_recalculates_its_timers(harness: Harness) -> None:
    note = create_draft(harness, next="show")
    with simulation_context(harness) as at:
        NOTES.update(at, {**note, "due": NOON + SECOND})
    assert EMITTED == ["draft"]
    harness.advance("1s")
    assert stored_note(harness)["status"] == "shown"


def test_an_update_returns_the_record_and_keeps_its_state(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        changed = {**note, "title": "x"}
        assert NOTES.update(at, changed) == changed
    assert stored_note(harness) == changed
    assert EMITTED == ["draft"]


def test_a_transition_of_one_record_does_not_change_another(harness: Harness) -> None:
    note = create_draft(harness)
    with simulation_context(harness) as at:
        other = NOTES.create(at, {"id": "other"}, "draft")
        NOTES.apply(at, note, "show")
    harness.advance("5s")
    with simulation_context(harness) as at:
        assert at.space.get("notes", "other") == other
    assert stored_note(harness)["status"] == "hidden"


def test_visits_of_states_are_numbered(harness: Harness) -> None:
    note = create_draft(harness)
    visits = [note["_visit"]]
    with simulation_context(harness) as at:
        for step in ("hide", "show", "hide"):
            note = NOTES.apply(at, note, step)
            visits.append(note["_visit"])
    assert visits == [1, 2, 3, 4]


def test_a_transition_returns_the_record_as_after_enter_left_it(harness: Harness) -> None:
    def sign(at: WriteContext, record: Record) -> None:
        at.space.put("notes", {**record, "signed": True})

    def lose(at: WriteContext, record: Record) -> None:
        at.space.drop("notes", record["id"])

    with simulation_context(harness) as at:
        signed = replace(NOTES, after_enter=sign).create(at, {"id": "n"}, "draft")
        lost = replace(NOTES, after_enter=lose).apply(at, signed, "lose")
        assert at.space.get("notes", "n") is None
    assert (signed["status"], signed["signed"]) == ("draft", True)
    assert (lost["status"], lost["signed"]) == ("lost", True)


def test_the_timer_simulation_is_not_public(harness: Harness) -> None:
    simulation = timer_simulation((NOTES,))
    assert (simulation.name, simulation.is_public) == ("fall_due", False)
    create_draft(harness, next="lose")
    with simulation_context(harness) as at:
        result = simulation.run(at, simulation.parameters(kind="note", id="n", visit=1))
    assert result == {"id": "n", "status": "lost"}
