"""The timer runner: timers and deliveries in the order of their instants."""

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
    """The parameters of the simulation that changes a note."""

    text: str


def _change(context: SimulationContext, parameters: Change) -> Mapping[str, Any]:
    return {"event": emit_event(context, "note.changed", text=parameters.text)}


ACME_WITH_CHANGE = replace(ACME_WITH_WEBHOOKS, simulations=(Simulation("change", "A note changes.", Change, _change),))


@pytest.fixture
def egress() -> FakeEgress:
    return FakeEgress()


@pytest.fixture
def harness(egress: FakeEgress) -> Harness:
    created = make_harness(ACME_WITH_CHANGE, sender=egress)
    endpoint(created)
    return created


def change(harness: Harness, text: str, within: int = 0) -> Mapping[str, Any]:
    return harness.sandbox.simulate("change", {"text": text}, within * SECOND)


def test_the_event_of_a_timer_is_delivered_at_its_instant(harness: Harness, egress: FakeEgress) -> None:
    seen: list[int] = []
    egress.during_send = lambda: seen.append(harness.sandbox.now() - NOON)
    for within in (40, 10, 20):
        change(harness, "a", within)
    harness.advance("1m")
    assert seen == [10 * SECOND, 20 * SECOND, 40 * SECOND]


@pytest.mark.parametrize("timers_per_transaction", [timer_runner.TIMERS_PER_TRANSACTION, 10, 1])
def test_a_move_over_many_timers_waits_for_at_most_two_fsyncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timers_per_transaction: int
) -> None:
    monkeypatch.setattr(timer_runner, "TIMERS_PER_TRANSACTION", timers_per_transaction)
    fsyncs: list[int] = []
    harness = make_harness(ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=fsyncs.append))
    for _ in range(50):
        change(harness, "a", 10)
    fsyncs.clear()
    harness.advance("1m")
    assert len(fsyncs) <= 2


def test_a_webhook_is_sent_only_after_its_event_is_durable(tmp_path: Path, egress: FakeEgress) -> None:
    order: list[str] = []
    egress.during_send = lambda: order.append("sent")
    harness = make_harness(
        ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=lambda _handle: order.append("on disk")), sender=egress
    )
    endpoint(harness)
    change(harness, "a", 10)
    order.clear()
    harness.advance("1m")
    assert order.index("on disk") < order.index("sent")


def test_a_delivery_is_sent_before_a_timer_of_the_same_instant(harness: Harness, egress: FakeEgress) -> None:
    order: list[str] = []
    egress.during_send = lambda: order.append(egress.ids[-1])
    egress.respond = lambda _url, nth: 500 if nth == 0 else 200
    emit_events(harness)
    harness.deliver_due()
    change(harness, "a", 300)
    harness.advance("5m")
    assert order == ["evt_1", "evt_1", "evt_2"]


def test_advance_returns_all_timers_and_no_deliveries(harness: Harness) -> None:
    change(harness, "a", 10)
    emit_events(harness)
    done = harness.advance("1m")["done"]
    assert [(each["action"], each["result"]) for each in done] == [("change", {"event": "evt_2"})]


def test_a_timer_that_fails_is_reported_and_does_not_stop_others(harness: Harness, egress: FakeEgress) -> None:
    change(harness, "a", 10)
    with harness.sandbox.transaction() as space:
        (timer,) = [record for _, record in space.scan("_timers")]
        space.put("_timers", {**timer, "parameters": {"txet": "a"}})
    change(harness, "b", 20)
    done = harness.advance("1m")["done"]
    assert ["error" in each for each in done] == [True, False]
    assert len(egress.sent) == 1


def test_the_next_instant_is_the_earlier_of_timer_and_delivery(harness: Harness) -> None:
    runner = harness.sandbox.timer_runner
    assert runner.next_instant is None
    change(harness, "a", 10)
    assert runner.next_instant == NOON + 10 * SECOND
    emit_events(harness)
    assert runner.next_instant == NOON
    harness.deliver_due()
    assert runner.next_instant == NOON + 10 * SECOND


def test_catch_up_reaches_each_instant_before_its_work_and_none_later(harness: Harness, egress: FakeEgress) -> None:
    egress.respond = lambda _url, _nth: 500
    emit_events(harness)
    change(harness, "a", 60)
    reached: list[int] = []
    harness.sandbox.timer_runner.catch_up(NOON + 60 * SECOND, lambda instant: reached.append(instant - NOON))
    assert reached == [0, 60 * SECOND, 60 * SECOND]


def test_one_move_delivers_the_same_as_several(egress: FakeEgress) -> None:
    def run(*moves: str) -> list[bytes]:
        egress_ = FakeEgress(respond=lambda _url, nth: None if nth % 3 else 200)
        harness = make_harness(ACME_WITH_CHANGE, sender=egress_)
        endpoint(harness)
        for within in (5, 90, 400):
            change(harness, str(within), within)
        for move in moves:
            harness.advance(move)
        return [body + str(headers).encode() for _, headers, body in egress_.sent]

    assert run("3h") == run("1m", "7m", "172m")


@pytest.mark.parametrize("method", ["now", "catch_up"])
def test_due_timers_are_durable_before_the_next_call(tmp_path: Path, method: str) -> None:
    on_disk: list[int] = []
    harness = make_harness(ACME_WITH_CHANGE, store=TinyStore(tmp_path, fsync=on_disk.append))
    change(harness, "a", 10)
    harness.sandbox.clock = Clock(frozen_at=NOON + 20 * SECOND)
    on_disk.clear()
    getattr(harness.sandbox, method)()
    assert (harness.sandbox.timer_runner.next_due, len(on_disk)) == (None, 1)


def test_at_most_a_hundred_timers_run_in_one_transaction() -> None:
    harness = make_harness(ACME_WITH_CHANGE)
    for _ in range(201):
        change(harness, "a", 10)
    run_counts: list[int] = []
    transaction = harness.sandbox.transaction

    @contextmanager
    def counting_transaction(**options: Any) -> Iterator[Any]:
        with transaction(**options) as space:
            before = space.count("_timers")
            yield space
            run_counts.append(before - space.count("_timers"))

    harness.sandbox.transaction = counting_transaction
    harness.sandbox.timer_runner.run(NOON + 10 * SECOND)
    assert [each for each in run_counts if each] == [100, 100, 1]
