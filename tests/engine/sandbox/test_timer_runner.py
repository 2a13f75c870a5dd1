"""The order of time between what is done and what is delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mockserver.engine import SECOND, Clock, Simulation, SimulationContext
from mockserver.engine.sandbox import timer_runner
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME_WITH_WEBHOOKS, emit_event
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, emit_events, endpoint


class Change(BaseModel):
    """Which note has changed."""

    text: str


def _change(moment: SimulationContext, asked: Change) -> Mapping[str, Any]:
    return {"event": emit_event(moment, "note.changed", text=asked.text)}


ACME_WITH_CHANGE = replace(ACME_WITH_WEBHOOKS, simulations=(Simulation("change", "A note changes.", Change, _change),))


@pytest.fixture
def egress() -> FakeEgress:
    return FakeEgress()


@pytest.fixture
def harness(egress: FakeEgress) -> Harness:
    made = make_harness(ACME_WITH_CHANGE, sender=egress)
    endpoint(made)
    return made


def change(harness: Harness, text: str, within: int = 0) -> Mapping[str, Any]:
    return harness.sandbox.simulate("change", {"text": text}, within * SECOND)


def test_what_a_timer_tells_is_delivered_at_its_instant(harness: Harness, egress: FakeEgress) -> None:
    seen: list[int] = []
    egress.during_send = lambda: seen.append(harness.sandbox.now() - NOON)
    for within in (40, 10, 20):
        change(harness, "a", within)
    harness.advance("1m")
    assert seen == [10 * SECOND, 20 * SECOND, 40 * SECOND]


@pytest.mark.parametrize("at_once", [timer_runner.TIMERS_PER_TRANSACTION, 10, 1])
def test_a_move_over_many_timers_waits_for_the_disk_a_few_times_and_not_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(timer_runner, "TIMERS_PER_TRANSACTION", at_once)
    waited: list[int] = []
    harness = make_harness(ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=waited.append))
    for _ in range(50):
        change(harness, "a", 10)
    waited.clear()
    harness.advance("1m")
    assert len(waited) <= 2


def test_nobody_outside_is_told_of_what_is_not_yet_on_the_disk(tmp_path: Path, egress: FakeEgress) -> None:
    order: list[str] = []
    egress.during_send = lambda: order.append("told")
    harness = make_harness(
        ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=lambda _handle: order.append("on disk")), sender=egress
    )
    endpoint(harness)
    change(harness, "a", 10)
    order.clear()
    harness.advance("1m")
    assert order.index("on disk") < order.index("told")


def test_a_delivery_goes_before_a_timer_of_the_same_instant(harness: Harness, egress: FakeEgress) -> None:
    order: list[str] = []
    egress.during_send = lambda: order.append(egress.ids[-1])
    egress.respond = lambda _url, nth: 500 if nth == 0 else 200
    emit_events(harness)
    harness.deliver_due()
    change(harness, "a", 300)
    harness.advance("5m")
    assert order == ["evt_1", "evt_1", "evt_2"]


def test_done_tells_of_timers_only_and_all_of_them(harness: Harness) -> None:
    change(harness, "a", 10)
    emit_events(harness)
    told = harness.advance("1m")["done"]
    assert [(each["action"], each["result"]) for each in told] == [("change", {"event": "evt_2"})]


def test_what_could_not_be_done_is_told_and_keeps_nothing_back(harness: Harness, egress: FakeEgress) -> None:
    change(harness, "a", 10)
    with harness.sandbox.transaction() as space:
        (timer,) = [record for _, record in space.scan("_timers")]
        space.put("_timers", {**timer, "parameters": {"txet": "a"}})
    change(harness, "b", 20)
    done = harness.advance("1m")["done"]
    assert ["error" in each for each in done] == [True, False]
    assert len(egress.sent) == 1


def test_the_soonest_is_the_first_of_both(harness: Harness) -> None:
    of = harness.sandbox.timer_runner
    assert of.next_instant is None
    change(harness, "a", 10)
    assert of.next_instant == NOON + 10 * SECOND
    emit_events(harness)
    assert of.next_instant == NOON
    harness.deliver_due()
    assert of.next_instant == NOON + 10 * SECOND


def test_every_instant_is_reached_before_what_happens_at_it_and_none_beyond(
    harness: Harness, egress: FakeEgress
) -> None:
    egress.respond = lambda _url, _nth: 500
    emit_events(harness)
    change(harness, "a", 60)
    reached: list[int] = []
    harness.sandbox.timer_runner.catch_up(NOON + 60 * SECOND, lambda instant: reached.append(instant - NOON))
    assert reached == [0, 60 * SECOND, 60 * SECOND]


def test_one_move_delivers_what_two_would(egress: FakeEgress) -> None:
    def run(*moves: str) -> list[bytes]:
        told = FakeEgress(respond=lambda _url, nth: None if nth % 3 else 200)
        harness = make_harness(ACME_WITH_CHANGE, sender=told)
        endpoint(harness)
        for within in (5, 90, 400):
            change(harness, str(within), within)
        for move in moves:
            harness.advance(move)
        return [body + str(headers).encode() for _, headers, body in told.sent]

    assert run("3h") == run("1m", "7m", "172m")


@pytest.mark.parametrize("come", ["now", "catch_up"])
def test_what_has_been_done_is_on_the_disk_for_whoever_comes_after_it(tmp_path: Path, come: str) -> None:
    on_disk: list[int] = []
    harness = make_harness(ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=on_disk.append))
    change(harness, "a", 10)
    harness.sandbox.clock = Clock(frozen_at=NOON + 20 * SECOND)
    on_disk.clear()
    getattr(harness.sandbox, come)()
    assert (harness.sandbox.timer_runner.next_due, len(on_disk)) == (None, 1)


def test_no_more_than_a_hundred_things_are_done_while_others_wait_for_the_sandbox() -> None:
    harness = make_harness(ACME_WITH_CHANGE)
    for _ in range(201):
        change(harness, "a", 10)
    done: list[int] = []
    transaction = harness.sandbox.transaction

    @contextmanager
    def counted(**options: Any) -> Iterator[Any]:
        with transaction(**options) as space:
            before = space.count("_timers")
            yield space
            done.append(before - space.count("_timers"))

    harness.sandbox.transaction = counted
    harness.sandbox.timer_runner.run(NOON + 10 * SECOND)
    assert [each for each in done if each] == [100, 100, 1]
