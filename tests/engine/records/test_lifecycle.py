"""State machines: steps by call and when due, what a record takes along, who is told."""

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
def moment(harness: Harness) -> Iterator[SimulationContext]:
    now = harness.sandbox.now()
    with harness.sandbox.transaction() as space:
        yield SimulationContext(harness.sandbox, now, space)


def create_draft(harness: Harness, **fields: Any) -> Record:
    with moment(harness) as at:
        return NOTES.create(at, {"id": "n", **fields}, "draft")


def stored_note(harness: Harness) -> Record:
    with moment(harness) as at:
        record = at.space.get("notes", "n")
    assert record is not None
    return record


def test_a_step_leads_from_one_state_to_another_and_takes_changes_along(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        NOTES.apply(at, note, "show", title="x")
    assert (stored_note(harness)["status"], stored_note(harness)["title"], stored_note(harness)["shown"]) == (
        "shown",
        "x",
        NOON,
    )
    assert EMITTED == ["draft", "shown"]


def test_a_step_that_the_state_does_not_allow_is_refused_and_changes_nothing(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        lost = NOTES.apply(at, note, "lose")
        with pytest.raises(Problem, match="The note is lost") as refusal:
            NOTES.apply(at, lost, "show")
    assert refusal.value.code == "invalid_state"
    assert stored_note(harness)["status"] == "lost"


def test_a_step_of_one_name_may_lead_elsewhere_from_another_state(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        assert NOTES.apply(at, note, "hide")["status"] == "draft"
        assert NOTES.apply(at, NOTES.apply(at, note, "show"), "hide")["status"] == "hidden"


def test_what_leads_to_a_state_is_known(harness: Harness) -> None:
    note = create_draft(harness)
    assert [NOTES.transition_to(note, state) for state in ("shown", "lost", "hidden")] == ["show", "lose", None]
    assert NOTES.find_transition(note, "show") == Transition("show", ("draft",), "shown")
    assert NOTES.find_transition(note, "none") is None


def test_what_is_due_happens_at_its_instant_and_sets_the_next_timer(harness: Harness) -> None:
    create_draft(harness, due=NOON + 3 * SECOND, next="show")
    harness.advance("2s")
    assert stored_note(harness)["status"] == "draft"
    harness.advance("1s")
    assert (stored_note(harness)["status"], stored_note(harness)["_entered"]) == ("shown", NOON + 3 * SECOND)
    done = harness.advance("5s")
    assert stored_note(harness)["status"] == "hidden"
    assert done["done"][0]["result"] == {"id": "n", "status": "hidden"}


def test_what_was_due_in_the_past_happens_at_once(harness: Harness) -> None:
    create_draft(harness, due=NOON - SECOND, next="lose")
    harness.advance("0s")
    assert stored_note(harness)["status"] == "lost"


def test_a_timer_of_a_state_that_was_left_and_entered_again_is_void(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        shown = NOTES.apply(at, note, "show")
    harness.advance("3s")
    with moment(harness) as at:
        NOTES.create(at, shown, "shown")
    harness.advance("3s")
    assert stored_note(harness)["status"] == "shown"
    harness.advance("2s")
    assert stored_note(harness)["status"] == "hidden"


def test_what_is_due_may_come_to_nothing(harness: Harness) -> None:
    create_draft(harness, due=NOON + SECOND, next=None)
    done = harness.advance("1s")
    assert done["done"][0]["result"] == {"id": "n", "status": "as it was"}
    assert stored_note(harness)["status"] == "draft"


def test_what_is_due_for_a_record_that_is_gone_comes_to_nothing(harness: Harness) -> None:
    create_draft(harness, due=NOON + SECOND, next="show")
    with moment(harness) as at:
        at.space.drop("notes", "n")
    assert harness.advance("1s")["done"][0]["result"]["status"] == "as it was"


def test_a_record_that_changes_within_its_state_has_its_timers_reckoned_anew(harness: Harness) -> None:
    note = create_draft(harness, next="show")
    with moment(harness) as at:
        NOTES.update(at, {**note, "due": NOON + SECOND})
    assert EMITTED == ["draft"]
    harness.advance("1s")
    assert stored_note(harness)["status"] == "shown"


def test_a_record_that_is_kept_is_answered_and_stays_in_its_state(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        changed = {**note, "title": "x"}
        assert NOTES.update(at, changed) == changed
    assert stored_note(harness) == changed
    assert EMITTED == ["draft"]


def test_a_step_of_one_record_leaves_another_of_the_same_state_alone(harness: Harness) -> None:
    note = create_draft(harness)
    with moment(harness) as at:
        other = NOTES.create(at, {"id": "other"}, "draft")
        NOTES.apply(at, note, "show")
    harness.advance("5s")
    with moment(harness) as at:
        assert at.space.get("notes", "other") == other
    assert stored_note(harness)["status"] == "hidden"


def test_every_visit_of_a_state_has_the_next_number(harness: Harness) -> None:
    note = create_draft(harness)
    visits = [note["_visit"]]
    with moment(harness) as at:
        for step in ("hide", "show", "hide"):
            note = NOTES.apply(at, note, step)
            visits.append(note["_visit"])
    assert visits == [1, 2, 3, 4]


def test_a_step_answers_the_record_as_whoever_was_told_of_it_has_left_it(harness: Harness) -> None:
    def sign(at: WriteContext, record: Record) -> None:
        at.space.put("notes", {**record, "signed": True})

    def lose(at: WriteContext, record: Record) -> None:
        at.space.drop("notes", record["id"])

    with moment(harness) as at:
        signed = replace(NOTES, after_enter=sign).create(at, {"id": "n"}, "draft")
        lost = replace(NOTES, after_enter=lose).apply(at, signed, "lose")
        assert at.space.get("notes", "n") is None
    assert (signed["status"], signed["signed"]) == ("draft", True)
    assert (lost["status"], lost["signed"]) == ("lost", True)


def test_what_falls_due_is_not_offered_to_operators(harness: Harness) -> None:
    simulation = timer_simulation((NOTES,))
    assert (simulation.name, simulation.is_public) == ("fall_due", False)
    create_draft(harness, next="lose")
    with moment(harness) as at:
        told = simulation.run(at, simulation.parameters(kind="note", id="n", visit=1))
    assert told == {"id": "n", "status": "lost"}
