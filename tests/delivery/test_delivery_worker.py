"""The worker in the background: it wakes by itself, sends side by side, and lets nobody keep the others waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Condition, Event
from typing import Any

import pytest

from mockserver.delivery import delivery_worker
from mockserver.delivery.delivery_worker import CONCURRENT_DELIVERIES, DeliveryWorker
from mockserver.engine import SECOND, Clock, Sandbox
from mockserver.engine.webhooks.outbox import Outbox
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import (
    TIMEOUT_SECONDS,
    FakeEgress,
    delivery_states,
    emit_events,
    endpoint,
    run_receiver,
)


@contextmanager
def run_worker(harness: Harness) -> Iterator[DeliveryWorker]:
    """A courier that works on a world until the block is left."""
    made = DeliveryWorker(harness.engine)
    made.start()
    try:
        yield made
    finally:
        made.stop(TIMEOUT_SECONDS)


class DeliveryProgress:
    """Tells when something has become true, looked at after every delivery that ends."""

    def __init__(self, *sandboxes: Sandbox) -> None:
        self._changed = Condition()
        for sandbox in sandboxes:
            self._follow(sandbox)

    def _follow(self, sandbox: Sandbox) -> None:
        put_down = sandbox.outbox.send

        def send(parcel: object) -> object:
            try:
                return put_down(parcel)  # type: ignore[arg-type]
            finally:
                with self._changed:
                    self._changed.notify_all()

        sandbox.outbox.send = send  # type: ignore[method-assign, assignment]

    def wait_until(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, TIMEOUT_SECONDS)


def test_an_event_leaves_by_itself() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver() as receiver, run_worker(harness):
        harness.sandbox.endpoints.add(receiver.url())
        assert harness.request("POST", "/v1/notes", json={"text": "a"}).status_code == 201
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"])
    assert [letter.json["type"] for letter in receiver.received] == ["note.created"]


def test_what_waited_before_the_start_is_sent_at_the_start() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver() as receiver:
        harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness, 3)
        with run_worker(harness):
            progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 3)
    assert [letter.headers["webhook-id"] for letter in receiver.received] == ["evt_1", "evt_2", "evt_3"]


def test_a_receiver_that_hangs_keeps_nobody_else_waiting() -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver(gate) as wedged, run_receiver() as well, run_worker(harness):
        harness.sandbox.endpoints.add(wedged.url())
        harness.sandbox.endpoints.add(well.url())
        emit_events(harness, 5)
        progress.wait_until(lambda: delivery_states(harness).count("delivered") == 5)
        assert (len(well.received), len(wedged.received)) == (5, 1)
        gate.set()
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 10)
    assert [letter.headers["webhook-id"] for letter in wedged.received] == [f"evt_{nth}" for nth in range(1, 6)]


def test_at_most_eight_are_under_way_and_one_to_each_endpoint() -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    progress = DeliveryProgress(harness.sandbox)
    with ExitStack() as stack:
        receivers = [stack.enter_context(run_receiver(gate)) for _ in range(CONCURRENT_DELIVERIES + 3)]
        for receiver in receivers:
            harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness, 3)
        with run_worker(harness):
            for receiver in receivers[:CONCURRENT_DELIVERIES]:
                receiver.wait_for(1)
            assert [len(receiver.received) for receiver in receivers] == [1] * CONCURRENT_DELIVERIES + [0] * 3
            gate.set()
            progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 3 * len(receivers))
    assert [len(receiver.received) for receiver in receivers] == [3] * len(receivers)


def test_a_sandbox_with_much_to_tell_does_not_keep_another_waiting() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    other = harness.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    order: list[str] = []
    harness.sandbox.sender = busy = FakeEgress()
    other.sender = FakeEgress(during_send=lambda: order.append(f"other after {len(busy.sent)}"))
    endpoint(harness)
    other.endpoints.add("http://127.0.0.1:9/")
    emit_events(harness, 500)
    harness.request("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
    progress = DeliveryProgress(harness.sandbox, other)
    with run_worker(harness):
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 500)
    assert len(order) == 1
    assert int(order[0].rpartition(" ")[2]) < 50


def test_whoever_was_served_last_is_the_last_in_the_next_round() -> None:
    harness, gate, behind = make_harness(ACME_WITH_WEBHOOKS), Event(), Event()
    other = harness.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    # The only free hand stays full until the round is over.
    harness.sandbox.sender = FakeEgress(during_send=lambda: gate.wait(TIMEOUT_SECONDS))
    other.sender = FakeEgress(during_send=lambda: behind.wait(TIMEOUT_SECONDS))
    for nth in range(2):
        endpoint(harness, f"http://127.0.0.1:9/{nth}")
    other.endpoints.add("http://127.0.0.1:9/")
    emit_events(harness)
    harness.request("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
    made, progress = DeliveryWorker(harness.engine), DeliveryProgress(harness.sandbox, other)
    made._in_flight = CONCURRENT_DELIVERIES - 1
    made._serve_all()
    gate.set()
    with made._delivery_ended:
        assert made._delivery_ended.wait_for(lambda: made._in_flight == CONCURRENT_DELIVERIES - 1, TIMEOUT_SECONDS)
    assert sorted(delivery_states(harness)) == ["delivered", "pending"]
    made._serve_all()
    behind.set()
    progress.wait_until(lambda: [each["state"] for each in other.outbox.all()] == ["delivered"])
    assert sorted(delivery_states(harness)) == ["delivered", "pending"]


def test_what_waits_behind_a_delivery_that_an_operator_asked_for_goes_on_by_itself() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    endpoint(harness)
    emit_events(harness, 2)
    held = harness.sandbox.outbox.lease_next(NOON)
    assert held is not None
    progress = DeliveryProgress(harness.sandbox)
    with run_worker(harness) as made:
        # Nothing is left to do until the endpoint is at rest again.
        assert made._serve_all() == 60.0
        made._wake.clear()
        Outbox.send(harness.sandbox.outbox, held)
        progress.wait_until(lambda: delivery_states(harness) == ["delivered", "delivered"])


def test_a_retry_comes_by_itself_when_the_clock_runs_and_never_while_it_stands() -> None:
    posts = FakeEgress(respond=lambda _url, nth: 500 if nth == 0 else 200)
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=posts)
    harness.sandbox.configure({"assumptions": {"webhook_retries": ["50ms"]}})
    endpoint(harness)
    progress = DeliveryProgress(harness.sandbox)
    with run_worker(harness):
        emit_events(harness)
        progress.wait_until(lambda: len(posts.sent) == 1)
        assert delivery_states(harness) == ["pending"]
        harness.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"])
    first, second = (attempt["at"] for attempt in harness.sandbox.outbox.all()[0]["attempts"])
    assert second - first >= SECOND // 20


def test_what_is_late_is_signed_when_it_leaves() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, freeze=False)
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver() as receiver:
        harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness)
        harness.sandbox.clock = Clock(offset=3600 * SECOND)
        with run_worker(harness):
            progress.wait_until(lambda: delivery_states(harness) == ["delivered"])
    (delivery,) = harness.sandbox.outbox.all()
    late = delivery["attempts"][0]["at"] - delivery["event"]["created_at"]
    assert late >= 3600 * SECOND
    assert receiver.received[0].headers["webhook-timestamp"] == str(delivery["attempts"][0]["at"] // SECOND)


def test_a_timer_goes_off_by_itself() -> None:
    rung = Event()
    harness = make_harness(ACME_WITH_WEBHOOKS, freeze=False)

    def ring(until: int) -> list[dict[str, Any]]:
        rung.set()
        return []

    harness.sandbox.timer_runner.run = ring  # type: ignore[method-assign]
    with run_worker(harness):
        with harness.sandbox.transaction() as space:
            harness.sandbox.schedule(space, harness.sandbox.clock_time() + 1, "anything", {})
        assert rung.wait(TIMEOUT_SECONDS)


def test_a_sandbox_that_cannot_be_served_is_told_of_and_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery_worker, "_MAX_REST_SECONDS", TIMEOUT_SECONDS)
    harness = make_harness(ACME_WITH_WEBHOOKS)
    other = harness.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    other.sender = FakeEgress()
    other.endpoints.add("http://127.0.0.1:9/")

    def fail(_until: int) -> None:
        raise RuntimeError("on purpose")

    harness.sandbox.outbox.lease_next = fail  # type: ignore[method-assign, assignment]
    endpoint(harness)
    emit_events(harness)
    progress = DeliveryProgress(other)
    with caplog.at_level(logging.ERROR), run_worker(harness):
        harness.request("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
        progress.wait_until(lambda: [each["state"] for each in other.outbox.all()] == ["delivered"])
    assert "acme: what was due could not be done" in caplog.text


def test_a_sandbox_that_is_deleted_under_way_leaves_no_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    made = harness.engine.create("acme")
    with run_receiver(gate) as receiver, run_worker(harness):
        made.endpoints.add(receiver.url())
        harness.request("POST", "/v1/notes", sandbox=made.id, json={"text": "a"})
        receiver.wait_for(1)
        harness.engine.delete(made.id)
        gate.set()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_stop_waits_for_what_is_under_way_so_long_and_no_longer() -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    with run_receiver(gate) as receiver:
        harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness, 2)
        made = DeliveryWorker(harness.engine)
        made.start()
        receiver.wait_for(1)
        made.stop(0.01)
        assert delivery_states(harness) == ["pending", "pending"]
        gate.set()
        with made._delivery_ended:
            assert made._delivery_ended.wait_for(lambda: not made._in_flight, TIMEOUT_SECONDS)
    assert (delivery_states(harness), len(receiver.received)) == (["delivered", "pending"], 1)


def test_idle_worker_waits_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    made = DeliveryWorker(harness.engine)
    assert made._serve_all() == 60.0
    posts = FakeEgress(respond=lambda _url, _nth: 500)
    harness.sandbox.sender = posts
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert made._serve_all() == 60.0, "the clock stands, so that nothing ever falls due"
    harness.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall_time", lambda: NOON - harness.sandbox.clock.offset)
    assert made._serve_all() == 60.0, "five minutes are longer than the longest rest"


def test_a_sandbox_nobody_uses_is_deleted_after_its_time() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    idle, used = (
        harness.engine.create(ACME_WITH_WEBHOOKS.name, "idle"),
        harness.engine.create(ACME_WITH_WEBHOOKS.name, "used"),
    )
    for sandbox in (idle, harness.sandbox):
        sandbox.sync.used_at -= 3_600 * SECOND
    gone = Event()
    delete = harness.engine.delete

    def told(name: str) -> None:
        delete(name)
        gone.set()

    harness.engine.delete = told  # type: ignore[method-assign, assignment]
    made = DeliveryWorker(harness.engine, 1_800 * SECOND)
    made.start()
    try:
        assert gone.wait(TIMEOUT_SECONDS)
    finally:
        made.stop(TIMEOUT_SECONDS)
    assert set(harness.engine.sandboxes) == {harness.sandbox.id, used.id}
