"""State machines: steps by call and when due, what a record takes along, who is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mockserver.engine import SECOND, At, Lifecycle, Moment, Problem, Record, Step, Timed, falling_due
from tests.support.acme import ACME
from tests.support.worlds import NOON, World, make_world

TOLD: list[str] = []


def _announce(at: At, record: dict[str, Any]) -> None:
    record["shown"] = at.now


NOTES = Lifecycle(
    "note",
    "notes",
    steps=(
        Step("show", ("draft",), "shown"),
        Step("hide", ("shown",), "hidden"),
        Step("hide", ("draft",), "draft"),
        Step("lose", ("draft", "shown"), "lost"),
    ),
    timed=(
        Timed("draft", lambda at, record: record.get("due"), lambda _moment, record: record.get("next")),
        Timed("shown", lambda at, _record: at.now + 5 * SECOND, lambda *_: "hide"),
    ),
    entering={"shown": _announce},
    entered=lambda _at, record: TOLD.append(record["status"]),
)
PROVIDER = replace(ACME, simulations=(falling_due((NOTES,)),))


@pytest.fixture
def world() -> World:
    TOLD.clear()
    return make_world(PROVIDER)


@contextmanager
def moment(world: World) -> Iterator[Moment]:
    now = world.sandbox.now()
    with world.sandbox.transaction() as space:
        yield Moment(world.sandbox, now, space)


def begun(world: World, **fields: Any) -> Record:
    with moment(world) as at:
        return NOTES.begin(at, {"id": "n", **fields}, "draft")


def kept(world: World) -> Record:
    with moment(world) as at:
        record = at.space.get("notes", "n")
    assert record is not None
    return record


def test_a_step_leads_from_one_state_to_another_and_takes_changes_along(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        NOTES.take(at, note, "show", title="x")
    assert (kept(world)["status"], kept(world)["title"], kept(world)["shown"]) == ("shown", "x", NOON)
    assert TOLD == ["draft", "shown"]


def test_a_step_that_the_state_does_not_allow_is_refused_and_changes_nothing(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        lost = NOTES.take(at, note, "lose")
        with pytest.raises(Problem, match="The note is lost") as refusal:
            NOTES.take(at, lost, "show")
    assert refusal.value.code == "invalid_state"
    assert kept(world)["status"] == "lost"


def test_a_step_of_one_name_may_lead_elsewhere_from_another_state(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        assert NOTES.take(at, note, "hide")["status"] == "draft"
        assert NOTES.take(at, NOTES.take(at, note, "show"), "hide")["status"] == "hidden"


def test_what_leads_to_a_state_is_known(world: World) -> None:
    note = begun(world)
    assert [NOTES.leads_to(note, state) for state in ("shown", "lost", "hidden")] == ["show", "lose", None]
    assert NOTES.allows(note, "show") == Step("show", ("draft",), "shown")
    assert NOTES.allows(note, "none") is None


def test_what_is_due_happens_at_its_instant_and_sets_the_next_timer(world: World) -> None:
    begun(world, due=NOON + 3 * SECOND, next="show")
    world.advance("2s")
    assert kept(world)["status"] == "draft"
    world.advance("1s")
    assert (kept(world)["status"], kept(world)["_entered"]) == ("shown", NOON + 3 * SECOND)
    done = world.advance("5s")
    assert kept(world)["status"] == "hidden"
    assert done["done"][0]["result"] == {"id": "n", "status": "hidden"}


def test_what_was_due_in_the_past_happens_at_once(world: World) -> None:
    begun(world, due=NOON - SECOND, next="lose")
    world.advance("0s")
    assert kept(world)["status"] == "lost"


def test_a_timer_of_a_state_that_was_left_and_entered_again_is_void(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        shown = NOTES.take(at, note, "show")
    world.advance("3s")
    with moment(world) as at:
        NOTES.begin(at, shown, "shown")
    world.advance("3s")
    assert kept(world)["status"] == "shown"
    world.advance("2s")
    assert kept(world)["status"] == "hidden"


def test_what_is_due_may_come_to_nothing(world: World) -> None:
    begun(world, due=NOON + SECOND, next=None)
    done = world.advance("1s")
    assert done["done"][0]["result"] == {"id": "n", "status": "as it was"}
    assert kept(world)["status"] == "draft"


def test_what_is_due_for_a_record_that_is_gone_comes_to_nothing(world: World) -> None:
    begun(world, due=NOON + SECOND, next="show")
    with moment(world) as at:
        at.space.drop("notes", "n")
    assert world.advance("1s")["done"][0]["result"]["status"] == "as it was"


def test_a_record_that_changes_within_its_state_has_its_timers_reckoned_anew(world: World) -> None:
    note = begun(world, next="show")
    with moment(world) as at:
        NOTES.keep(at, {**note, "due": NOON + SECOND})
    assert TOLD == ["draft"]
    world.advance("1s")
    assert kept(world)["status"] == "shown"


def test_a_record_that_is_kept_is_answered_and_stays_in_its_state(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        changed = {**note, "title": "x"}
        assert NOTES.keep(at, changed) == changed
    assert kept(world) == changed
    assert TOLD == ["draft"]


def test_a_step_of_one_record_leaves_another_of_the_same_state_alone(world: World) -> None:
    note = begun(world)
    with moment(world) as at:
        other = NOTES.begin(at, {"id": "other"}, "draft")
        NOTES.take(at, note, "show")
    world.advance("5s")
    with moment(world) as at:
        assert at.space.get("notes", "other") == other
    assert kept(world)["status"] == "hidden"
