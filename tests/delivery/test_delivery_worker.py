"""The delivery worker in the background: it wakes when work is due, and sends in parallel and fairly."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Condition, Event

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
    """Runs a worker for the engine until the end of the block."""
    worker = DeliveryWorker(harness.engine)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(TIMEOUT_SECONDS)


class DeliveryProgress:
    """Waits for a condition, which it checks after the end of every delivery."""

    def __init__(self, *sandboxes: Sandbox) -> None:
        self._changed = Condition()
        for sandbox in sandboxes:
            self._follow(sandbox)

    def _follow(self, sandbox: Sandbox) -> None:
        original_send = sandbox.outbox.send

        def send(leased: object) -> object:
            try:
                return original_send(leased)  # type: ignore[arg-type]
            finally:
                with self._changed:
                    self._changed.notify_all()

        sandbox.outbox.send = send  # type: ignore[method-assign, assignment]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_SECONDS)


def test_an_event_is_delivered_automatically() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver() as receiver, run_worker(harness):
        harness.sandbox.endpoints.add(receiver.url())
        assert harness.request("POST", "/v1/notes", json={"text": "a"}).status_code == 201
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"])
    assert [webhook.json["type"] for webhook in receiver.received] == ["note.created"]


def test_deliveries_from_before_the_start_are_sent_at_the_start() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver() as receiver:
        harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness, 3)
        with run_worker(harness):
            progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 3)
    assert [webhook.headers["webhook-id"] for webhook in receiver.received] == ["evt_1", "evt_2", "evt_3"]


def test_a_hanging_receiver_does_not_delay_others() -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    progress = DeliveryProgress(harness.sandbox)
    with run_receiver(gate) as hanging, run_receiver() as healthy, run_worker(harness):
        harness.sandbox.endpoints.add(hanging.url())
        harness.sandbox.endpoints.add(healthy.url())
        emit_events(harness, 5)
        progress.wait_until(lambda: delivery_states(harness).count("delivered") == 5)
        assert (len(healthy.received), len(hanging.received)) == (5, 1)
        gate.set()
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"] * 10)
    assert [webhook.headers["webhook-id"] for webhook in hanging.received] == [f"evt_{nth}" for nth in range(1, 6)]


def test_at_most_eight_deliveries_are_in_flight_and_one_per_endpoint() -> None:
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


def test_a_sandbox_with_many_deliveries_does_not_delay_another() -> None:
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


def test_the_sandbox_served_last_is_last_in_the_next_round() -> None:
    harness, gate, other_gate = make_harness(ACME_WITH_WEBHOOKS), Event(), Event()
    other = harness.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    # The only free slot stays in use until the round is over.
    harness.sandbox.sender = FakeEgress(during_send=lambda: gate.wait(TIMEOUT_SECONDS))
    other.sender = FakeEgress(during_send=lambda: other_gate.wait(TIMEOUT_SECONDS))
    for nth in range(2):
        endpoint(harness, f"http://127.0.0.1:9/{nth}")
    other.endpoints.add("http://127.0.0.1:9/")
    emit_events(harness)
    harness.request("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
    worker, progress = DeliveryWorker(harness.engine), DeliveryProgress(harness.sandbox, other)
    worker._in_flight = CONCURRENT_DELIVERIES - 1
    worker._serve_all()
    gate.set()
    with worker._delivery_ended:
        assert worker._delivery_ended.wait_for(lambda: worker._in_flight == CONCURRENT_DELIVERIES - 1, TIMEOUT_SECONDS)
    assert sorted(delivery_states(harness)) == ["delivered", "pending"]
    worker._serve_all()
    other_gate.set()
    progress.wait_until(lambda: [each["state"] for each in other.outbox.all()] == ["delivered"])
    assert sorted(delivery_states(harness)) == ["delivered", "pending"]


def test_deliveries_behind_a_manual_retry_continue_automatically() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    endpoint(harness)
    emit_events(harness, 2)
    leased = harness.sandbox.outbox.lease_next(NOON)
    assert leased is not None
    progress = DeliveryProgress(harness.sandbox)
    with run_worker(harness) as worker:
        # Nothing can be sent until the lease of the endpoint is released.
        assert worker._serve_all() == 60.0
        worker._wake.clear()
        Outbox.send(harness.sandbox.outbox, leased)
        progress.wait_until(lambda: delivery_states(harness) == ["delivered", "delivered"])


def test_a_retry_is_sent_when_the_clock_runs_and_never_while_it_is_frozen() -> None:
    fake_egress = FakeEgress(respond=lambda _url, nth: 500 if nth == 0 else 200)
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=fake_egress)
    harness.sandbox.configure({"assumptions": {"webhook_retries": ["50ms"]}})
    endpoint(harness)
    progress = DeliveryProgress(harness.sandbox)
    with run_worker(harness):
        emit_events(harness)
        progress.wait_until(lambda: len(fake_egress.sent) == 1)
        assert delivery_states(harness) == ["pending"]
        harness.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
        progress.wait_until(lambda: delivery_states(harness) == ["delivered"])
    first, second = (attempt["at"] for attempt in harness.sandbox.outbox.all()[0]["attempts"])
    assert second - first >= SECOND // 20


def test_a_late_delivery_is_signed_with_its_time_of_sending() -> None:
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


def test_a_timer_runs_automatically() -> None:
    has_run = Event()
    harness = make_harness(ACME_WITH_WEBHOOKS, freeze=False)

    def run(until: int) -> None:
        has_run.set()

    harness.sandbox.timer_runner.run = run  # type: ignore[method-assign]
    with run_worker(harness):
        with harness.sandbox.transaction() as space:
            harness.sandbox.schedule(space, harness.sandbox.clock_time() + 1, "anything", {})
        assert has_run.wait(TIMEOUT_SECONDS)


def test_an_error_in_one_sandbox_is_logged_and_does_not_delay_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery_worker, "_MAX_SLEEP_SECONDS", TIMEOUT_SECONDS)
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
    assert "acme: a due timer or delivery failed" in caplog.text


def test_deleting_a_sandbox_during_a_delivery_logs_no_error(caplog: pytest.LogCaptureFixture) -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    sandbox = harness.engine.create("acme")
    with run_receiver(gate) as receiver, run_worker(harness):
        sandbox.endpoints.add(receiver.url())
        harness.request("POST", "/v1/notes", sandbox=sandbox.id, json={"text": "a"})
        receiver.wait_for(1)
        harness.engine.delete(sandbox.id)
        gate.set()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_stop_waits_for_deliveries_in_flight_at_most_the_given_time() -> None:
    harness, gate = make_harness(ACME_WITH_WEBHOOKS), Event()
    with run_receiver(gate) as receiver:
        harness.sandbox.endpoints.add(receiver.url())
        emit_events(harness, 2)
        worker = DeliveryWorker(harness.engine)
        worker.start()
        receiver.wait_for(1)
        worker.stop(0.01)
        assert delivery_states(harness) == ["pending", "pending"]
        gate.set()
        with worker._delivery_ended:
            assert worker._delivery_ended.wait_for(lambda: not worker._in_flight, TIMEOUT_SECONDS)
    assert (delivery_states(harness), len(receiver.received)) == (["delivered", "pending"], 1)


def test_an_idle_worker_sleeps_for_the_maximum_time(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    worker = DeliveryWorker(harness.engine)
    assert worker._serve_all() == 60.0
    fake_egress = FakeEgress(respond=lambda _url, _nth: 500)
    harness.sandbox.sender = fake_egress
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    assert worker._serve_all() == 60.0, "the clock is frozen, so nothing becomes due"
    harness.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall_time", lambda: NOON - harness.sandbox.clock.offset)
    assert worker._serve_all() == 60.0, "the retry is due in five minutes, which is longer than the maximum"


def test_an_unused_sandbox_is_deleted_after_its_time() -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS)
    idle, used = (
        harness.engine.create(ACME_WITH_WEBHOOKS.name, "idle"),
        harness.engine.create(ACME_WITH_WEBHOOKS.name, "used"),
    )
    for sandbox in (idle, harness.sandbox):
        sandbox.sync.used_at -= 3_600 * SECOND
    is_deleted = Event()
    delete = harness.engine.delete

    def delete_and_notify(name: str) -> None:
        delete(name)
        is_deleted.set()

    harness.engine.delete = delete_and_notify  # type: ignore[method-assign, assignment]
    worker = DeliveryWorker(harness.engine, 1_800 * SECOND)
    worker.start()
    try:
        assert is_deleted.wait(TIMEOUT_SECONDS)
    finally:
        worker.stop(TIMEOUT_SECONDS)
    assert set(harness.engine.sandboxes) == {harness.sandbox.id, used.id}
