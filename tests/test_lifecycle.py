"""Declared state machines: which steps are taken, by whom and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver.engine import SECOND, At, Collection, Lifecycle, Moment, Problem, Record, Step, Timed, falling_due
from mockserver.engine.lifecycle import FALL_DUE
from tests.acme import TELLING, tell
from tests.worlds import NOON, World, make_world


def _entered(at: At, record: Record) -> None:
    tell(at, "note.changed", id=record["id"], status=record["status"])


def _due(at: At, record: Record) -> int | None:
    return None if record.get("patient") else at.now + 60 * SECOND


def _stamp(_at: At, record: dict[str, Any]) -> None:
    record["stamped"] = True


PARCEL = Lifecycle(
    "lost_parcel",
    "parcels",
    steps=(
        Step("send", ("packed",), "sent"),
        Step("arrive", ("sent",), "there"),
        Step("lose", ("packed", "sent"), "lost"),
    ),
    timed=(Timed("sent", _due, lambda _moment, record: "lose" if record.get("unlucky") else "arrive"),),
    entering={"there": _stamp},
    entered=_entered,
)
POST = replace(
    TELLING, collections=(*TELLING.collections, Collection("parcels")), simulations=(falling_due((PARCEL,)),)
)


@pytest.fixture
def world() -> World:
    return make_world(POST)


def begin(world: World, **fields: Any) -> Record:
    with world.sandbox.transaction() as space:
        return PARCEL.begin(Moment(world.sandbox, world.sandbox.now(), space), {"id": "p_1", **fields}, "packed")


def take(world: World, step: str, **changes: Any) -> Record:
    with world.sandbox.transaction() as space:
        record = space.get("parcels", "p_1")
        assert record is not None
        return PARCEL.take(Moment(world.sandbox, world.sandbox.now(), space), record, step, **changes)


def status(world: World) -> str:
    with world.sandbox.transaction() as space:
        record = space.get("parcels", "p_1")
        assert record is not None
        return str(record["status"])


def told(world: World) -> list[str]:
    return [each["data"]["status"] for each in world.admin("GET", "/sandboxes/acme/events").json]


def test_a_record_begins_in_its_first_state_and_tells_of_it(world: World) -> None:
    begin(world)
    assert (status(world), told(world)) == ("packed", ["packed"])


def test_a_step_leads_on_with_its_changes(world: World) -> None:
    begin(world)
    assert take(world, "send", by="mail")["by"] == "mail"
    take(world, "arrive")
    assert (status(world), told(world)) == ("there", ["packed", "sent", "there"])


def test_a_step_that_leads_nowhere_is_refused_and_changes_nothing(world: World) -> None:
    begin(world)
    for step in ("arrive", "fly"):
        with pytest.raises(Problem, match="invalid_state: The lost parcel is packed"):
            take(world, step)
    assert (status(world), told(world)) == ("packed", ["packed"])


def test_what_is_possible_can_be_asked(world: World) -> None:
    record = begin(world)
    assert PARCEL.allows(record, "send") == Step("send", ("packed",), "sent")
    assert PARCEL.allows(record, "arrive") is None
    assert PARCEL.leads_to(record, "lost") == "lose"
    assert PARCEL.leads_to(record, "there") is None


def test_entering_a_state_changes_the_record_before_it_is_kept(world: World) -> None:
    begin(world)
    take(world, "send")
    assert take(world, "arrive")["stamped"] is True


def test_a_timed_step_is_taken_when_it_is_due_and_not_before(world: World) -> None:
    begin(world)
    take(world, "send")
    world.advance("59s")
    assert status(world) == "sent"
    world.advance("1s")
    assert status(world) == "there"


def test_which_step_a_timer_takes_depends_on_the_record(world: World) -> None:
    begin(world, unlucky=True)
    take(world, "send")
    world.advance("1m")
    assert status(world) == "lost"


def test_a_state_without_an_end_sets_no_timer(world: World) -> None:
    begin(world, patient=True)
    take(world, "send")
    assert world.sandbox.agenda.next_due is None
    world.advance("30d")
    assert status(world) == "sent"


def test_a_timer_of_a_state_that_was_left_does_nothing(world: World) -> None:
    begin(world)
    take(world, "send")
    take(world, "lose")
    done = world.advance("1m")["done"]
    assert (status(world), [each["result"] for each in done]) == ("lost", [{"id": "p_1", "status": "as it was"}])


def test_a_timer_of_a_record_that_is_gone_does_nothing(world: World) -> None:
    begin(world)
    take(world, "send")
    with world.sandbox.transaction() as space:
        space.drop("parcels", "p_1")
    assert "error" not in world.advance("1m")["done"][0]


def test_a_step_that_is_due_in_the_past_is_taken_now(world: World) -> None:
    early = replace(PARCEL, timed=(Timed("packed", lambda at, _: at.now - SECOND, lambda *_: "send"),))
    with world.sandbox.transaction() as space:
        early.begin(Moment(world.sandbox, NOON, space), {"id": "p_1"}, "packed")
    assert world.sandbox.agenda.next_due == NOON


def test_what_falls_due_is_not_offered_to_operators(world: World) -> None:
    assert world.admin("GET", "/sandboxes/acme/simulations").json == []
    asked = {"kind": "lost_parcel", "id": "p_1", "visit": 1}
    refused = world.admin("POST", f"/sandboxes/acme/simulations/{FALL_DUE}", asked)
    assert (refused.status_code, "happens by itself" in refused.json["detail"]) == (422, True)
