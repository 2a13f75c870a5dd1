"""The order of time between what is done and what is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mockserver.engine import SECOND, Simulation, SimulationContext
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


def test_a_move_over_many_timers_waits_for_the_disk_a_few_times_and_not_for_each(tmp_path: Path) -> None:
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
    agenda = harness.sandbox.timer_runner
    assert agenda.next_instant is None
    change(harness, "a", 10)
    assert agenda.next_instant == NOON + 10 * SECOND
    emit_events(harness)
    assert agenda.next_instant == NOON
    harness.deliver_due()
    assert agenda.next_instant == NOON + 10 * SECOND


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
