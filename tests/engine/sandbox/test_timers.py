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

from mockserver.engine import (
    SECOND,
    Clock,
    Collection,
    Duration,
    Refusal,
    Simulation,
    SimulationContext,
    State,
    format_instant,
)
from mockserver.engine.sandbox import sandbox
from mockserver.engine.sandbox.timers import COLLECTION, MAX_TIMERS, pending, schedule, timer_record
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness, make_harness


class RingParameters(BaseModel):
    name: str = "ring"
    then: Duration | None = None


def _ring(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    nth = moment.space.increment("rings")
    moment.space.put("rings", {"id": f"ring_{nth}", "name": parameters.name, "at": moment.now})
    if parameters.then is not None:
        moment.sandbox.schedule(moment.space, moment.now + parameters.then, "ring", {"name": f"{parameters.name}+"})
    return {"nth": nth}


def _fail(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    moment.space.put("rings", {"id": "half", "name": "half", "at": moment.now})
    moment.mint()
    raise Refusal("nothing to ring")


def _raise_bug(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    moment.space.put("rings", {"id": "half", "name": "half", "at": moment.now})
    raise ZeroDivisionError


def _replace_timer(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    """Call off what rings under a name, and have something ring sooner in its place."""
    called_off = next(each for each in pending(moment.space) if each["parameters"]["name"] == parameters.name)
    moment.space.drop(COLLECTION, called_off["id"])
    moment.sandbox.schedule(moment.space, moment.now + SECOND, "ring", {"name": "sooner"})
    return {}


def _cancel_timer(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    """Call off what rings under a name, and nothing else."""
    for each in list(pending(moment.space)):
        if each["parameters"].get("name") == parameters.name:
            moment.space.drop(COLLECTION, each["id"])
    return {}


def _mint_key(moment: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    return {"secret": moment.mint().secret}


ACME_WITH_BELLS = replace(
    ACME,
    collections=(*ACME.collections, Collection("rings")),
    simulations=(
        Simulation("ring", "A bell rings.", RingParameters, _ring),
        Simulation("fail", "A bell is missing.", RingParameters, _fail),
        Simulation("break", "A bell breaks.", RingParameters, _raise_bug),
        Simulation("swap", "A bell is exchanged.", RingParameters, _replace_timer),
        Simulation("call_off", "A bell is called off.", RingParameters, _cancel_timer),
        Simulation("make_key", "Someone makes a key.", RingParameters, _mint_key),
    ),
)


@pytest.fixture
def bell_harness() -> Harness:
    return make_harness(ACME_WITH_BELLS)


def schedule_ring(harness: Harness, within: str, **parameters: Any) -> Any:
    answer = harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json


def list_rings(harness: Harness) -> list[tuple[str, int]]:
    with harness.sandbox.transaction() as space:
        return [(record["name"], record["at"] - NOON) for _, record in space.scan("rings")]


def test_what_falls_due_is_done_in_order_of_time_then_of_scheduling(bell_harness: Harness) -> None:
    for name, within in (("late", "30s"), ("tie 1", "20s"), ("early", "10s"), ("tie 2", "20s")):
        schedule_ring(bell_harness, within, name=name)
    bell_harness.advance("60s")
    assert [name for name, _ in list_rings(bell_harness)] == ["early", "tie 1", "tie 2", "late"]


def test_ties_go_by_scheduling_also_beyond_the_ninth(bell_harness: Harness) -> None:
    for nth in range(25):
        schedule_ring(bell_harness, "20s", name=str(nth))
    bell_harness.advance("20s")
    assert [name for name, _ in list_rings(bell_harness)] == [str(nth) for nth in range(25)]


def test_each_is_done_at_its_own_instant_whatever_the_step(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s", name="a")
    schedule_ring(bell_harness, "20s", name="b")
    bell_harness.advance("1h")
    assert list_rings(bell_harness) == [("a", 10 * SECOND), ("b", 20 * SECOND)]


def test_nothing_is_done_a_microsecond_early(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s")
    bell_harness.advance("9999.999ms")
    assert list_rings(bell_harness) == []
    bell_harness.advance("0.001ms")
    assert len(list_rings(bell_harness)) == 1


def test_nothing_is_done_twice(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s")
    for _ in range(3):
        bell_harness.advance("10s")
    assert len(list_rings(bell_harness)) == 1


def test_advance_tells_what_was_done_before_it_answers(bell_harness: Harness) -> None:
    id = schedule_ring(bell_harness, "10s", name="a")["scheduled"]
    told = bell_harness.advance("10s")
    assert told["due"] == []
    assert told["done"] == [
        {"id": id, "at": format_instant(NOON + 10 * SECOND), "action": "ring", "result": {"nth": 1}}
    ]


def test_what_a_timer_schedules_within_the_advance_is_done_in_it_and_in_its_place(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s", name="a", then="10s")
    schedule_ring(bell_harness, "15s", name="b")
    schedule_ring(bell_harness, "30s", name="c", then="31s")
    bell_harness.advance("60s")
    assert list_rings(bell_harness) == [("a", 10 * SECOND), ("b", 15 * SECOND), ("a+", 20 * SECOND), ("c", 30 * SECOND)]
    bell_harness.advance("1s")
    assert list_rings(bell_harness)[-1] == ("c+", 61 * SECOND)


def test_what_a_timer_calls_off_does_not_happen_and_what_it_has_sooner_does(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "20s", name="a")
    schedule_ring(bell_harness, "30s", name="b")
    bell_harness.sandbox.simulate("swap", {"name": "b"}, 10 * SECOND)
    bell_harness.advance("60s")
    assert list_rings(bell_harness) == [("sooner", 11 * SECOND), ("a", 20 * SECOND)]


@given(
    dues=st.lists(st.integers(1, 50), max_size=8), steps=st.lists(st.integers(0, 30), max_size=6), data=st.booleans()
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_many_small_advances_do_what_one_large_one_does(dues: list[int], steps: list[int], data: bool) -> None:
    done = []
    for moves in (steps, [sum(steps)]):
        harness = make_harness(ACME_WITH_BELLS, scenarios={})
        for nth, due in enumerate(dues):
            harness.sandbox.simulate("ring", {"name": str(nth), "then": "7s" if data else None}, due * SECOND)
        for move in moves:
            harness.sandbox.set_clock(harness.sandbox.clock.advance(move * SECOND))
        done.append(list_rings(harness))
    assert done[0] == done[1]
    assert [at for _, at in done[0]] == sorted(at for _, at in done[0])


def test_a_running_clock_does_what_is_due_at_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [NOON]
    monkeypatch.setattr(sandbox, "wall_time", lambda: here[0])
    harness = make_harness(ACME_WITH_BELLS, freeze=False)
    schedule_ring(harness, "10s")
    here[0] += 10 * SECOND - 1
    harness.request("GET", "/v1/notes")
    assert list_rings(harness) == []
    here[0] += 1
    harness.request("GET", "/v1/notes")
    assert len(list_rings(harness)) == 1


def test_a_snapshot_taken_when_something_is_due_holds_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [NOON]
    monkeypatch.setattr(sandbox, "wall_time", lambda: here[0])
    harness = make_harness(ACME_WITH_BELLS, freeze=False)
    schedule_ring(harness, "10s")
    here[0] += 10 * SECOND
    assert harness.admin("PUT", "/sandboxes/acme/snapshots/one").status_code == 200
    harness.admin("POST", "/sandboxes/acme/reset")
    harness.admin("POST", "/sandboxes/acme/snapshots/one/restore")
    assert len(list_rings(harness)) == 1


def test_freezing_at_a_later_instant_does_what_is_due_until_then(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s")
    bell_harness.admin("PUT", "/sandboxes/acme/clock", {"action": "freeze", "at": format_instant(NOON + 10 * SECOND)})
    assert list_rings(bell_harness) == [("ring", 10 * SECOND)]


def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    schedule_ring(make_harness(ACME_WITH_BELLS, store=store), "10s", name="kept")
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME_WITH_BELLS, store=store, freeze=False)
    assert [timer["action"] for timer in harness.admin("GET", "/sandboxes/acme/clock").json["due"]] == ["ring"]
    harness.advance("10s")
    assert list_rings(harness) == [("kept", 10 * SECOND)]
    store.close()


def test_a_reset_forgets_what_waits(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s")
    bell_harness.admin("POST", "/sandboxes/acme/reset")
    assert bell_harness.admin("GET", "/sandboxes/acme/clock").json["due"] == []
    bell_harness.sandbox.set_clock(Clock(frozen_at=NOON + 3600 * SECOND))
    assert list_rings(bell_harness) == []


def test_what_cannot_be_done_when_it_is_due_is_told_and_not_tried_again(bell_harness: Harness) -> None:
    bell_harness.sandbox.simulate("fail", {}, 10 * SECOND)
    schedule_ring(bell_harness, "20s")
    told = bell_harness.advance("60s")["done"]
    assert [(done["action"], done.get("error")) for done in told] == [("fail", "nothing to ring"), ("ring", None)]
    assert bell_harness.advance("60s")["done"] == []


def test_of_what_could_not_be_done_nothing_is_kept_and_of_what_is_done_beside_it_all(bell_harness: Harness) -> None:
    keys = len(bell_harness.sandbox.keys)
    schedule_ring(bell_harness, "10s", name="a")
    bell_harness.sandbox.simulate("fail", {}, 10 * SECOND)
    schedule_ring(bell_harness, "10s", name="b")
    bell_harness.advance("60s")
    assert list_rings(bell_harness) == [("a", 10 * SECOND), ("b", 10 * SECOND)]
    assert len(bell_harness.sandbox.keys) == keys


def test_what_was_done_before_a_bug_is_kept_and_the_clock_stays(bell_harness: Harness) -> None:
    schedule_ring(bell_harness, "10s", name="a")
    bell_harness.sandbox.simulate("break", {}, 20 * SECOND)
    schedule_ring(bell_harness, "30s", name="b")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            bell_harness.sandbox.move_clock(lambda clock, _wall: clock.advance(60 * SECOND))
        assert bell_harness.sandbox.clock_time() == NOON
        assert list_rings(bell_harness) == [("a", 10 * SECOND)]
        assert bell_harness.sandbox.timer_runner.next_due == NOON + 20 * SECOND


def test_what_falls_due_together_is_kept_together_and_nobody_waits_for_more_than_a_hundred(tmp_path: Path) -> None:
    harness = make_harness(ACME_WITH_BELLS, store=TinyStore(tmp_path))
    for nth in range(250):
        harness.sandbox.simulate("ring", {"name": f"{nth}"}, (250 - nth) * SECOND)
    log = tmp_path / "sandboxes" / "acme.log"
    before = log.read_bytes().count(b"\n")
    harness.advance("250s")
    assert len(list_rings(harness)) == 250
    # Three times a hundred or what is left, and the clock.
    assert log.read_bytes().count(b"\n") == before + 4


def test_a_key_made_when_it_falls_due_works_from_then_on(bell_harness: Harness) -> None:
    bell_harness.sandbox.simulate("make_key", {}, 10 * SECOND)
    secret = bell_harness.advance("10s")["done"][0]["result"]["secret"]
    assert bell_harness.request("GET", "/v1/notes", key=secret).status_code == 200


def test_the_clock_shows_what_is_due_next_first(bell_harness: Harness) -> None:
    for within in ("30s", "10s", "20s"):
        schedule_ring(bell_harness, within)
    due = bell_harness.admin("GET", "/sandboxes/acme/clock").json["due"]
    assert [timer["at"] for timer in due] == [format_instant(NOON + seconds * SECOND) for seconds in (10, 20, 30)]


def test_only_so_many_things_may_wait(bell_harness: Harness) -> None:
    with bell_harness.sandbox.transaction() as space:
        for nth in range(MAX_TIMERS):
            schedule(space, NOON + 10**6 * SECOND + nth, "ring", {})
    answer = bell_harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": "1s"})
    assert answer.status_code == 422
    assert str(MAX_TIMERS) in answer.json["detail"]


@pytest.mark.parametrize("within", ["2932896d", "soon", -1, None])
def test_a_delay_that_cannot_be_is_refused_or_kept_and_breaks_nothing(bell_harness: Harness, within: object) -> None:
    answer = bell_harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within})
    assert answer.status_code in (200, 422)
    assert bell_harness.admin("GET", "/sandboxes/acme/clock").status_code == 200
    assert bell_harness.request("GET", "/v1/notes").status_code == 200


def test_an_unknown_simulation_is_refused_with_the_nearest(bell_harness: Harness) -> None:
    answer = bell_harness.admin("POST", "/sandboxes/acme/simulations/rign", {})
    assert (answer.status_code, answer.json["detail"]) == (404, "there is no simulation 'rign'; did you mean 'ring'?")


def test_a_sandbox_may_begin_with_something_that_is_yet_to_happen() -> None:
    def begin(*_: object) -> State:
        return {COLLECTION: [timer_record("timer_begun", NOON + SECOND, "ring", {"name": "begun"})]}

    harness = make_harness(replace(ACME_WITH_BELLS, generate=begin))
    assert list_rings(harness) == []
    harness.advance("1s")
    harness.advance("1s")
    assert list_rings(harness) == [("begun", SECOND)]


def test_what_was_due_in_a_sandbox_that_is_deleted_is_no_error(
    bell_harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    made = bell_harness.engine.create("acme")
    made.simulate("ring", {"name": "a"}, SECOND)
    bell_harness.engine.delete(made.id)
    made.clock = made.clock.advance(SECOND)  # Time goes on for who has it in hand still.
    made.now()
    assert made.timer_runner.next_due is not None
    assert [entry.levelname for entry in caplog.records if entry.levelno > logging.INFO] == []


@pytest.mark.parametrize("within", ["10s", "20s"])
def test_what_an_earlier_timer_of_the_same_advance_calls_off_is_not_run_and_the_rest_is(
    bell_harness: Harness, within: str
) -> None:
    assert (
        bell_harness.admin("POST", "/sandboxes/acme/simulations/call_off", {"in": "10s", "name": "b"}).status_code
        == 200
    )
    for name in ("a", "b", "c"):
        schedule_ring(bell_harness, within, name=name)
    bell_harness.advance("1m")
    at = int(within[:2]) * SECOND
    assert list_rings(bell_harness) == [("a", at), ("c", at)]
    with bell_harness.sandbox.transaction() as space:
        assert list(pending(space)) == []


def test_of_many_timers_none_runs_early_and_none_late(bell_harness: Harness) -> None:
    for within in ("30s", "10s", "20s", "40s"):
        schedule_ring(bell_harness, within, name=within)
    seen = []
    for by in ("9999.999ms", "0.001ms", "19999.999ms", "0.001ms", "10s"):
        bell_harness.advance(by)
        seen.append([name for name, _ in list_rings(bell_harness)])
    tens = ["10s", "20s", "30s", "40s"]
    assert seen == [[], tens[:1], tens[:2], tens[:3], tens]
    assert list_rings(bell_harness) == [(name, int(name[:2]) * SECOND) for name in tens]
