"""What falls due when."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from mockserver.engine import SECOND, Clock, Collection, Duration, Moment, Refusal, Simulation, State, iso
from mockserver.engine.sandbox import sandbox
from mockserver.engine.sandbox.scheduler import BOUND, KEPT, pending, schedule, timer
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.worlds import NOON, World, make_world


class Ring(BaseModel):
    name: str = "ring"
    then: Duration | None = None


def _ring(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    nth = moment.space.bump("rings")
    moment.space.put("rings", {"id": f"ring_{nth}", "name": parameters.name, "at": moment.now})
    if parameters.then is not None:
        moment.sandbox.schedule(moment.space, moment.now + parameters.then, "ring", {"name": f"{parameters.name}+"})
    return {"nth": nth}


def _fail(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    moment.space.put("rings", {"id": "half", "name": "half", "at": moment.now})
    moment.mint()
    raise Refusal("nothing to ring")


def _break(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    moment.space.put("rings", {"id": "half", "name": "half", "at": moment.now})
    raise ZeroDivisionError


def _swap(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    """Call off what rings under a name, and have something ring sooner in its place."""
    called_off = next(each for each in pending(moment.space) if each["parameters"]["name"] == parameters.name)
    moment.space.drop(KEPT, called_off["id"])
    moment.sandbox.schedule(moment.space, moment.now + SECOND, "ring", {"name": "sooner"})
    return {}


def _call_off(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    """Call off what rings under a name, and nothing else."""
    for each in list(pending(moment.space)):
        if each["parameters"].get("name") == parameters.name:
            moment.space.drop(KEPT, each["id"])
    return {}


def _key(moment: Moment, parameters: Ring) -> Mapping[str, Any]:
    return {"secret": moment.mint().secret}


BELLS = replace(
    ACME,
    collections=(*ACME.collections, Collection("rings")),
    simulations=(
        Simulation("ring", "A bell rings.", Ring, _ring),
        Simulation("fail", "A bell is missing.", Ring, _fail),
        Simulation("break", "A bell breaks.", Ring, _break),
        Simulation("swap", "A bell is exchanged.", Ring, _swap),
        Simulation("call_off", "A bell is called off.", Ring, _call_off),
        Simulation("make_key", "Someone makes a key.", Ring, _key),
    ),
)


@pytest.fixture
def bells() -> World:
    return make_world(BELLS)


def ring(world: World, within: str, **parameters: Any) -> Any:
    answer = world.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json


def rung(world: World) -> list[tuple[str, int]]:
    with world.sandbox.transaction() as space:
        return [(record["name"], record["at"] - NOON) for _, record in space.scan("rings")]


def test_what_falls_due_is_done_in_order_of_time_then_of_scheduling(bells: World) -> None:
    for name, within in (("late", "30s"), ("tie 1", "20s"), ("early", "10s"), ("tie 2", "20s")):
        ring(bells, within, name=name)
    bells.advance("60s")
    assert [name for name, _ in rung(bells)] == ["early", "tie 1", "tie 2", "late"]


def test_ties_go_by_scheduling_also_beyond_the_ninth(bells: World) -> None:
    for nth in range(25):
        ring(bells, "20s", name=str(nth))
    bells.advance("20s")
    assert [name for name, _ in rung(bells)] == [str(nth) for nth in range(25)]


def test_each_is_done_at_its_own_instant_whatever_the_step(bells: World) -> None:
    ring(bells, "10s", name="a")
    ring(bells, "20s", name="b")
    bells.advance("1h")
    assert rung(bells) == [("a", 10 * SECOND), ("b", 20 * SECOND)]


def test_nothing_is_done_a_microsecond_early(bells: World) -> None:
    ring(bells, "10s")
    bells.advance("9999.999ms")
    assert rung(bells) == []
    bells.advance("0.001ms")
    assert len(rung(bells)) == 1


def test_nothing_is_done_twice(bells: World) -> None:
    ring(bells, "10s")
    for _ in range(3):
        bells.advance("10s")
    assert len(rung(bells)) == 1


def test_advance_tells_what_was_done_before_it_answers(bells: World) -> None:
    id = ring(bells, "10s", name="a")["scheduled"]
    told = bells.advance("10s")
    assert told["due"] == []
    assert told["done"] == [{"id": id, "at": iso(NOON + 10 * SECOND), "action": "ring", "result": {"nth": 1}}]


def test_what_a_timer_schedules_within_the_advance_is_done_in_it_and_in_its_place(bells: World) -> None:
    ring(bells, "10s", name="a", then="10s")
    ring(bells, "15s", name="b")
    ring(bells, "30s", name="c", then="31s")
    bells.advance("60s")
    assert rung(bells) == [("a", 10 * SECOND), ("b", 15 * SECOND), ("a+", 20 * SECOND), ("c", 30 * SECOND)]
    bells.advance("1s")
    assert rung(bells)[-1] == ("c+", 61 * SECOND)


def test_what_a_timer_calls_off_does_not_happen_and_what_it_has_sooner_does(bells: World) -> None:
    ring(bells, "20s", name="a")
    ring(bells, "30s", name="b")
    bells.sandbox.simulate("swap", {"name": "b"}, 10 * SECOND)
    bells.advance("60s")
    assert rung(bells) == [("sooner", 11 * SECOND), ("a", 20 * SECOND)]


@given(
    dues=st.lists(st.integers(1, 50), max_size=8), steps=st.lists(st.integers(0, 30), max_size=6), data=st.booleans()
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_many_small_advances_do_what_one_large_one_does(dues: list[int], steps: list[int], data: bool) -> None:
    done = []
    for moves in (steps, [sum(steps)]):
        world = make_world(BELLS, scenarios={})
        for nth, due in enumerate(dues):
            world.sandbox.simulate("ring", {"name": str(nth), "then": "7s" if data else None}, due * SECOND)
        for move in moves:
            world.sandbox.set_clock(world.sandbox.clock.advance(move * SECOND))
        done.append(rung(world))
    assert done[0] == done[1]
    assert [at for _, at in done[0]] == sorted(at for _, at in done[0])


def test_a_running_clock_does_what_is_due_at_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [NOON]
    monkeypatch.setattr(sandbox, "wall", lambda: here[0])
    world = make_world(BELLS, freeze=False)
    ring(world, "10s")
    here[0] += 10 * SECOND - 1
    world.ask("GET", "/v1/notes")
    assert rung(world) == []
    here[0] += 1
    world.ask("GET", "/v1/notes")
    assert len(rung(world)) == 1


def test_a_snapshot_taken_when_something_is_due_holds_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [NOON]
    monkeypatch.setattr(sandbox, "wall", lambda: here[0])
    world = make_world(BELLS, freeze=False)
    ring(world, "10s")
    here[0] += 10 * SECOND
    assert world.admin("PUT", "/sandboxes/acme/snapshots/one").status_code == 200
    world.admin("POST", "/sandboxes/acme/reset")
    world.admin("POST", "/sandboxes/acme/snapshots/one/restore")
    assert len(rung(world)) == 1


def test_freezing_at_a_later_instant_does_what_is_due_until_then(bells: World) -> None:
    ring(bells, "10s")
    bells.admin("PUT", "/sandboxes/acme/clock", {"action": "freeze", "at": iso(NOON + 10 * SECOND)})
    assert rung(bells) == [("ring", 10 * SECOND)]


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    ring(make_world(BELLS, store=store), "10s", name="kept")
    store.close()
    store = TinyStore(tmp_path)
    world = make_world(BELLS, store=store, freeze=False)
    assert [timer["action"] for timer in world.admin("GET", "/sandboxes/acme/clock").json["due"]] == ["ring"]
    world.advance("10s")
    assert rung(world) == [("kept", 10 * SECOND)]
    store.close()


def test_a_reset_forgets_what_waits(bells: World) -> None:
    ring(bells, "10s")
    bells.admin("POST", "/sandboxes/acme/reset")
    assert bells.admin("GET", "/sandboxes/acme/clock").json["due"] == []
    bells.sandbox.set_clock(Clock(frozen_at=NOON + 3600 * SECOND))
    assert rung(bells) == []


def test_what_cannot_be_done_when_it_is_due_is_told_and_not_tried_again(bells: World) -> None:
    bells.sandbox.simulate("fail", {}, 10 * SECOND)
    ring(bells, "20s")
    told = bells.advance("60s")["done"]
    assert [(done["action"], done.get("error")) for done in told] == [("fail", "nothing to ring"), ("ring", None)]
    assert bells.advance("60s")["done"] == []


def test_of_what_could_not_be_done_nothing_is_kept_and_of_what_is_done_beside_it_all(bells: World) -> None:
    keys = len(bells.sandbox.keys)
    ring(bells, "10s", name="a")
    bells.sandbox.simulate("fail", {}, 10 * SECOND)
    ring(bells, "10s", name="b")
    bells.advance("60s")
    assert rung(bells) == [("a", 10 * SECOND), ("b", 10 * SECOND)]
    assert len(bells.sandbox.keys) == keys


def test_what_was_done_before_a_bug_is_kept_and_the_clock_stays(bells: World) -> None:
    ring(bells, "10s", name="a")
    bells.sandbox.simulate("break", {}, 20 * SECOND)
    ring(bells, "30s", name="b")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            bells.sandbox.move_clock(lambda clock, _wall: clock.advance(60 * SECOND))
        assert bells.sandbox.instant() == NOON
        assert rung(bells) == [("a", 10 * SECOND)]
        assert bells.sandbox.agenda.next_due == NOON + 20 * SECOND


def test_what_falls_due_together_is_kept_together_and_nobody_waits_for_more_than_a_hundred(tmp_path: Path) -> None:
    world = make_world(BELLS, store=TinyStore(tmp_path))
    for nth in range(250):
        world.sandbox.simulate("ring", {"name": f"{nth}"}, (250 - nth) * SECOND)
    log = tmp_path / "sandboxes" / "acme.log"
    before = log.read_bytes().count(b"\n")
    world.advance("250s")
    assert len(rung(world)) == 250
    # Three times a hundred or what is left, and the clock.
    assert log.read_bytes().count(b"\n") == before + 4


def test_a_key_made_when_it_falls_due_works_from_then_on(bells: World) -> None:
    bells.sandbox.simulate("make_key", {}, 10 * SECOND)
    secret = bells.advance("10s")["done"][0]["result"]["secret"]
    assert bells.ask("GET", "/v1/notes", key=secret).status_code == 200


def test_the_clock_shows_what_is_due_next_first(bells: World) -> None:
    for within in ("30s", "10s", "20s"):
        ring(bells, within)
    due = bells.admin("GET", "/sandboxes/acme/clock").json["due"]
    assert [timer["at"] for timer in due] == [iso(NOON + seconds * SECOND) for seconds in (10, 20, 30)]


def test_only_so_many_things_may_wait(bells: World) -> None:
    with bells.sandbox.transaction() as space:
        for nth in range(BOUND):
            schedule(space, NOON + 10**6 * SECOND + nth, "ring", {})
    answer = bells.admin("POST", "/sandboxes/acme/simulations/ring", {"in": "1s"})
    assert answer.status_code == 422
    assert str(BOUND) in answer.json["detail"]


@pytest.mark.parametrize("within", ["2932896d", "soon", -1, None])
def test_a_delay_that_cannot_be_is_refused_or_kept_and_breaks_nothing(bells: World, within: object) -> None:
    answer = bells.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within})
    assert answer.status_code in (200, 422)
    assert bells.admin("GET", "/sandboxes/acme/clock").status_code == 200
    assert bells.ask("GET", "/v1/notes").status_code == 200


def test_an_unknown_simulation_is_refused_with_the_nearest(bells: World) -> None:
    answer = bells.admin("POST", "/sandboxes/acme/simulations/rign", {})
    assert (answer.status_code, answer.json["detail"]) == (404, "there is no simulation 'rign'; did you mean 'ring'?")


def test_a_sandbox_may_begin_with_something_that_is_yet_to_happen() -> None:
    def begin(*_: object) -> State:
        return {KEPT: [timer("timer_begun", NOON + SECOND, "ring", {"name": "begun"})]}

    world = make_world(replace(BELLS, generate=begin))
    assert rung(world) == []
    world.advance("1s")
    world.advance("1s")
    assert rung(world) == [("begun", SECOND)]


def test_what_was_due_in_a_sandbox_that_is_deleted_is_no_error(bells: World, caplog: pytest.LogCaptureFixture) -> None:
    made = bells.engine.create("acme")
    made.simulate("ring", {"name": "a"}, SECOND)
    bells.engine.delete(made.id)
    made.clock = made.clock.advance(SECOND)  # Time goes on for who has it in hand still.
    made.now()
    assert made.agenda.next_due is not None
    assert [entry.levelname for entry in caplog.records if entry.levelno > logging.INFO] == []


@pytest.mark.parametrize("within", ["10s", "20s"])
def test_what_an_earlier_timer_of_the_same_advance_calls_off_is_not_run_and_the_rest_is(
    bells: World, within: str
) -> None:
    assert bells.admin("POST", "/sandboxes/acme/simulations/call_off", {"in": "10s", "name": "b"}).status_code == 200
    for name in ("a", "b", "c"):
        ring(bells, within, name=name)
    bells.advance("1m")
    at = int(within[:2]) * SECOND
    assert rung(bells) == [("a", at), ("c", at)]
    with bells.sandbox.transaction() as space:
        assert list(pending(space)) == []


def test_of_many_timers_none_runs_early_and_none_late(bells: World) -> None:
    for within in ("30s", "10s", "20s", "40s"):
        ring(bells, within, name=within)
    seen = []
    for by in ("9999.999ms", "0.001ms", "19999.999ms", "0.001ms", "10s"):
        bells.advance(by)
        seen.append([name for name, _ in rung(bells)])
    tens = ["10s", "20s", "30s", "40s"]
    assert seen == [[], tens[:1], tens[:2], tens[:3], tens]
    assert rung(bells) == [(name, int(name[:2]) * SECOND) for name in tens]
