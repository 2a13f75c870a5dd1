"""Timers: order, instants, errors, cancellation and persistence."""

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


def _ring(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    nth = context.space.increment("rings")
    context.space.put("rings", {"id": f"ring_{nth}", "name": parameters.name, "at": context.now})
    if parameters.then is not None:
        context.sandbox.schedule(context.space, context.now + parameters.then, "ring", {"name": f"{parameters.name}+"})
    return {"nth": nth}


def _fail(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    context.space.put("rings", {"id": "half", "name": "half", "at": context.now})
    context.mint()
    raise Refusal("nothing to ring")


def _raise_bug(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    context.space.put("rings", {"id": "half", "name": "half", "at": context.now})
    raise ZeroDivisionError


def _replace_timer(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    """Cancels the timer with a name and schedules an earlier one."""
    cancelled = next(each for each in pending(context.space) if each["parameters"]["name"] == parameters.name)
    context.space.drop(COLLECTION, cancelled["id"])
    context.sandbox.schedule(context.space, context.now + SECOND, "ring", {"name": "sooner"})
    return {}


def _cancel_timer(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    """Cancels the timers with a name."""
    for each in list(pending(context.space)):
        if each["parameters"].get("name") == parameters.name:
            context.space.drop(COLLECTION, each["id"])
    return {}


def _mint_key(context: SimulationContext, parameters: RingParameters) -> Mapping[str, Any]:
    return {"secret": context.mint().secret}


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
def harness() -> Harness:
    return make_harness(ACME_WITH_BELLS)


def schedule_ring(harness: Harness, within: str, **parameters: Any) -> Any:
    response = harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within, **parameters})
    assert response.status_code == 200, response.text
    return response.json


def list_rings(harness: Harness) -> list[tuple[str, int]]:
    with harness.sandbox.transaction() as space:
        return [(record["name"], record["at"] - NOON) for _, record in space.scan("rings")]


def test_due_timers_run_in_order_of_time_and_then_of_scheduling(harness: Harness) -> None:
    for name, within in (("late", "30s"), ("tie 1", "20s"), ("early", "10s"), ("tie 2", "20s")):
        schedule_ring(harness, within, name=name)
    harness.advance("60s")
    assert [name for name, _ in list_rings(harness)] == ["early", "tie 1", "tie 2", "late"]


def test_more_than_nine_simultaneous_timers_run_in_the_order_of_scheduling(harness: Harness) -> None:
    for nth in range(25):
        schedule_ring(harness, "20s", name=str(nth))
    harness.advance("20s")
    assert [name for name, _ in list_rings(harness)] == [str(nth) for nth in range(25)]


def test_each_timer_runs_at_its_own_instant(harness: Harness) -> None:
    schedule_ring(harness, "10s", name="a")
    schedule_ring(harness, "20s", name="b")
    harness.advance("1h")
    assert list_rings(harness) == [("a", 10 * SECOND), ("b", 20 * SECOND)]


def test_no_timer_runs_a_microsecond_early(harness: Harness) -> None:
    schedule_ring(harness, "10s")
    harness.advance("9999.999ms")
    assert list_rings(harness) == []
    harness.advance("0.001ms")
    assert len(list_rings(harness)) == 1


def test_no_timer_runs_twice(harness: Harness) -> None:
    schedule_ring(harness, "10s")
    for _ in range(3):
        harness.advance("10s")
    assert len(list_rings(harness)) == 1


def test_advance_returns_the_timers_that_ran(harness: Harness) -> None:
    id = schedule_ring(harness, "10s", name="a")["scheduled"]
    result = harness.advance("10s")
    assert result["due"] == []
    assert result["done"] == [
        {"id": id, "at": format_instant(NOON + 10 * SECOND), "action": "ring", "result": {"nth": 1}}
    ]


def test_a_timer_scheduled_by_a_timer_runs_within_the_same_advance(harness: Harness) -> None:
    schedule_ring(harness, "10s", name="a", then="10s")
    schedule_ring(harness, "15s", name="b")
    schedule_ring(harness, "30s", name="c", then="31s")
    harness.advance("60s")
    assert list_rings(harness) == [("a", 10 * SECOND), ("b", 15 * SECOND), ("a+", 20 * SECOND), ("c", 30 * SECOND)]
    harness.advance("1s")
    assert list_rings(harness)[-1] == ("c+", 61 * SECOND)


def test_a_timer_can_replace_another_by_an_earlier_one(harness: Harness) -> None:
    schedule_ring(harness, "20s", name="a")
    schedule_ring(harness, "30s", name="b")
    harness.sandbox.simulate("swap", {"name": "b"}, 10 * SECOND)
    harness.advance("60s")
    assert list_rings(harness) == [("sooner", 11 * SECOND), ("a", 20 * SECOND)]


@given(
    dues=st.lists(st.integers(1, 50), max_size=8), steps=st.lists(st.integers(0, 30), max_size=6), data=st.booleans()
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_many_small_advances_have_the_effect_of_one_large_one(dues: list[int], steps: list[int], data: bool) -> None:
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


def test_with_a_running_clock_due_timers_run_at_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [NOON]
    monkeypatch.setattr(sandbox, "wall_time", lambda: wall[0])
    harness = make_harness(ACME_WITH_BELLS, freeze=False)
    schedule_ring(harness, "10s")
    wall[0] += 10 * SECOND - 1
    harness.request("GET", "/v1/notes")
    assert list_rings(harness) == []
    wall[0] += 1
    harness.request("GET", "/v1/notes")
    assert len(list_rings(harness)) == 1


def test_taking_a_snapshot_runs_due_timers_first(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = [NOON]
    monkeypatch.setattr(sandbox, "wall_time", lambda: wall[0])
    harness = make_harness(ACME_WITH_BELLS, freeze=False)
    schedule_ring(harness, "10s")
    wall[0] += 10 * SECOND
    assert harness.admin("PUT", "/sandboxes/acme/snapshots/one").status_code == 200
    harness.admin("POST", "/sandboxes/acme/reset")
    harness.admin("POST", "/sandboxes/acme/snapshots/one/restore")
    assert len(list_rings(harness)) == 1


def test_freezing_at_a_later_instant_runs_the_timers_due_until_then(harness: Harness) -> None:
    schedule_ring(harness, "10s")
    harness.admin("PUT", "/sandboxes/acme/clock", {"action": "freeze", "at": format_instant(NOON + 10 * SECOND)})
    assert list_rings(harness) == [("ring", 10 * SECOND)]


def test_timers_survive_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    schedule_ring(make_harness(ACME_WITH_BELLS, store=store), "10s", name="kept")
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME_WITH_BELLS, store=store, freeze=False)
    assert [timer["action"] for timer in harness.admin("GET", "/sandboxes/acme/clock").json["due"]] == ["ring"]
    harness.advance("10s")
    assert list_rings(harness) == [("kept", 10 * SECOND)]
    store.close()


def test_a_reset_removes_timers(harness: Harness) -> None:
    schedule_ring(harness, "10s")
    harness.admin("POST", "/sandboxes/acme/reset")
    assert harness.admin("GET", "/sandboxes/acme/clock").json["due"] == []
    harness.sandbox.set_clock(Clock(frozen_at=NOON + 3600 * SECOND))
    assert list_rings(harness) == []


def test_a_timer_that_fails_is_reported_and_not_repeated(harness: Harness) -> None:
    harness.sandbox.simulate("fail", {}, 10 * SECOND)
    schedule_ring(harness, "20s")
    done_list = harness.advance("60s")["done"]
    assert [(done["action"], done.get("error")) for done in done_list] == [("fail", "nothing to ring"), ("ring", None)]
    assert harness.advance("60s")["done"] == []


def test_a_timer_that_fails_is_rolled_back_and_others_of_its_instant_are_not(harness: Harness) -> None:
    keys = len(harness.sandbox.keys)
    schedule_ring(harness, "10s", name="a")
    harness.sandbox.simulate("fail", {}, 10 * SECOND)
    schedule_ring(harness, "10s", name="b")
    harness.advance("60s")
    assert list_rings(harness) == [("a", 10 * SECOND), ("b", 10 * SECOND)]
    assert len(harness.sandbox.keys) == keys


def test_after_a_bug_earlier_timers_are_kept_and_the_clock_does_not_move(harness: Harness) -> None:
    schedule_ring(harness, "10s", name="a")
    harness.sandbox.simulate("break", {}, 20 * SECOND)
    schedule_ring(harness, "30s", name="b")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            harness.sandbox.move_clock(lambda clock, _wall: clock.advance(60 * SECOND))
        assert harness.sandbox.clock_time() == NOON
        assert list_rings(harness) == [("a", 10 * SECOND)]
        assert harness.sandbox.timer_runner.next_due == NOON + 20 * SECOND


def test_up_to_a_hundred_timers_share_a_log_record(tmp_path: Path) -> None:
    harness = make_harness(ACME_WITH_BELLS, store=TinyStore(tmp_path))
    for nth in range(250):
        harness.sandbox.simulate("ring", {"name": f"{nth}"}, (250 - nth) * SECOND)
    log = tmp_path / "sandboxes" / "acme.log"
    before = log.read_bytes().count(b"\n")
    harness.advance("250s")
    assert len(list_rings(harness)) == 250
    # 100, 100 and 50 timers, and the clock.
    assert log.read_bytes().count(b"\n") == before + 4


def test_a_key_created_by_a_timer_works_from_then_on(harness: Harness) -> None:
    harness.sandbox.simulate("make_key", {}, 10 * SECOND)
    secret = harness.advance("10s")["done"][0]["result"]["secret"]
    assert harness.request("GET", "/v1/notes", key=secret).status_code == 200


def test_the_clock_lists_timers_in_order_of_their_instants(harness: Harness) -> None:
    for within in ("30s", "10s", "20s"):
        schedule_ring(harness, within)
    due = harness.admin("GET", "/sandboxes/acme/clock").json["due"]
    assert [timer["at"] for timer in due] == [format_instant(NOON + seconds * SECOND) for seconds in (10, 20, 30)]


def test_the_number_of_timers_is_limited(harness: Harness) -> None:
    with harness.sandbox.transaction() as space:
        for nth in range(MAX_TIMERS):
            schedule(space, NOON + 10**6 * SECOND + nth, "ring", {})
    response = harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": "1s"})
    assert response.status_code == 422
    assert str(MAX_TIMERS) in response.json["detail"]


@pytest.mark.parametrize("within", ["2932896d", "soon", -1, None])
def test_extreme_delays_do_no_harm(harness: Harness, within: object) -> None:
    response = harness.admin("POST", "/sandboxes/acme/simulations/ring", {"in": within})
    assert response.status_code in (200, 422)
    assert harness.admin("GET", "/sandboxes/acme/clock").status_code == 200
    assert harness.request("GET", "/v1/notes").status_code == 200


def test_an_unknown_simulation_is_refused_with_the_nearest(harness: Harness) -> None:
    response = harness.admin("POST", "/sandboxes/acme/simulations/rign", {})
    assert (response.status_code, response.json["detail"]) == (
        404,
        "there is no simulation 'rign'; did you mean 'ring'?",
    )


def test_seed_data_may_contain_timers() -> None:
    def begin(*_: object) -> State:
        return {COLLECTION: [timer_record("timer_begun", NOON + SECOND, "ring", {"name": "begun"})]}

    harness = make_harness(replace(ACME_WITH_BELLS, generate=begin))
    assert list_rings(harness) == []
    harness.advance("1s")
    harness.advance("1s")
    assert list_rings(harness) == [("begun", SECOND)]


def test_a_due_timer_of_a_deleted_sandbox_is_not_an_error(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    deleted = harness.engine.create("acme")
    deleted.simulate("ring", {"name": "a"}, SECOND)
    harness.engine.delete(deleted.id)
    deleted.clock = deleted.clock.advance(SECOND)  # As for code that still has a reference to the sandbox.
    deleted.now()
    assert deleted.timer_runner.next_due is not None
    assert [entry.levelname for entry in caplog.records if entry.levelno > logging.INFO] == []


@pytest.mark.parametrize("within", ["10s", "20s"])
def test_a_timer_cancelled_by_an_earlier_one_of_the_same_advance_does_not_run(harness: Harness, within: str) -> None:
    assert harness.admin("POST", "/sandboxes/acme/simulations/call_off", {"in": "10s", "name": "b"}).status_code == 200
    for name in ("a", "b", "c"):
        schedule_ring(harness, within, name=name)
    harness.advance("1m")
    at = int(within[:2]) * SECOND
    assert list_rings(harness) == [("a", at), ("c", at)]
    with harness.sandbox.transaction() as space:
        assert list(pending(space)) == []


def test_of_many_timers_each_runs_at_its_instant(harness: Harness) -> None:
    for within in ("30s", "10s", "20s", "40s"):
        schedule_ring(harness, within, name=within)
    seen = []
    for by in ("9999.999ms", "0.001ms", "19999.999ms", "0.001ms", "10s"):
        harness.advance(by)
        seen.append([name for name, _ in list_rings(harness)])
    tens = ["10s", "20s", "30s", "40s"]
    assert seen == [[], tens[:1], tens[:2], tens[:3], tens]
    assert list_rings(harness) == [(name, int(name[:2]) * SECOND) for name in tens]
