"""The worker in the background: it wakes by itself, sends side by side, and lets nobody keep the others waiting."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Condition, Event
from typing import Any

import pytest

from mockserver.delivery import courier
from mockserver.delivery.courier import AT_A_TIME, Courier
from mockserver.engine import SECOND, Clock, Sandbox
from mockserver.engine.webhooks.outbox import Outbox
from tests.support.acme import TELLING
from tests.support.webhook_receivers import PATIENCE, Posts, endpoint, happen, receiving, states
from tests.support.worlds import NOON, World, make_world


@contextmanager
def working(world: World) -> Iterator[Courier]:
    """A courier that works on a world until the block is left."""
    made = Courier(world.engine)
    made.start()
    try:
        yield made
    finally:
        made.stop(PATIENCE)


class Progress:
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

    def until(self, true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE)


def test_an_event_leaves_by_itself() -> None:
    world = make_world(TELLING)
    progress = Progress(world.sandbox)
    with receiving() as receiver, working(world):
        world.sandbox.endpoints.add(receiver.url())
        assert world.ask("POST", "/v1/notes", json={"text": "a"}).status_code == 201
        progress.until(lambda: states(world) == ["delivered"])
    assert [letter.json["type"] for letter in receiver.heard] == ["note.created"]


def test_what_waited_before_the_start_is_sent_at_the_start() -> None:
    world = make_world(TELLING)
    progress = Progress(world.sandbox)
    with receiving() as receiver:
        world.sandbox.endpoints.add(receiver.url())
        happen(world, 3)
        with working(world):
            progress.until(lambda: states(world) == ["delivered"] * 3)
    assert [letter.headers["webhook-id"] for letter in receiver.heard] == ["evt_1", "evt_2", "evt_3"]


def test_a_receiver_that_hangs_keeps_nobody_else_waiting() -> None:
    world, gate = make_world(TELLING), Event()
    progress = Progress(world.sandbox)
    with receiving(gate) as wedged, receiving() as well, working(world):
        world.sandbox.endpoints.add(wedged.url())
        world.sandbox.endpoints.add(well.url())
        happen(world, 5)
        progress.until(lambda: states(world).count("delivered") == 5)
        assert (len(well.heard), len(wedged.heard)) == (5, 1)
        gate.set()
        progress.until(lambda: states(world) == ["delivered"] * 10)
    assert [letter.headers["webhook-id"] for letter in wedged.heard] == [f"evt_{nth}" for nth in range(1, 6)]


def test_at_most_eight_are_under_way_and_one_to_each_endpoint() -> None:
    world, gate = make_world(TELLING), Event()
    progress = Progress(world.sandbox)
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiving(gate)) for _ in range(AT_A_TIME + 3)]
        for receiver in receivers:
            world.sandbox.endpoints.add(receiver.url())
        happen(world, 3)
        with working(world):
            for receiver in receivers[:AT_A_TIME]:
                receiver.wait_for(1)
            assert [len(receiver.heard) for receiver in receivers] == [1] * AT_A_TIME + [0] * 3
            gate.set()
            progress.until(lambda: states(world) == ["delivered"] * 3 * len(receivers))
    assert [len(receiver.heard) for receiver in receivers] == [3] * len(receivers)


def test_a_sandbox_with_much_to_tell_does_not_keep_another_waiting() -> None:
    world = make_world(TELLING)
    other = world.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    order: list[str] = []
    world.sandbox.post = busy = Posts()
    other.post = Posts(during=lambda: order.append(f"other after {len(busy.sent)}"))
    endpoint(world)
    other.endpoints.add("http://127.0.0.1:9/")
    happen(world, 500)
    world.ask("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
    progress = Progress(world.sandbox, other)
    with working(world):
        progress.until(lambda: states(world) == ["delivered"] * 500)
    assert len(order) == 1
    assert int(order[0].rpartition(" ")[2]) < 50


def test_whoever_was_served_last_is_the_last_in_the_next_round() -> None:
    world, gate, behind = make_world(TELLING), Event(), Event()
    other = world.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    # The only free hand stays full until the round is over.
    world.sandbox.post = Posts(during=lambda: gate.wait(PATIENCE))
    other.post = Posts(during=lambda: behind.wait(PATIENCE))
    for nth in range(2):
        endpoint(world, f"http://127.0.0.1:9/{nth}")
    other.endpoints.add("http://127.0.0.1:9/")
    happen(world)
    world.ask("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
    made, progress = Courier(world.engine), Progress(world.sandbox, other)
    made._under_way = AT_A_TIME - 1
    made._round()
    gate.set()
    with made._done:
        assert made._done.wait_for(lambda: made._under_way == AT_A_TIME - 1, PATIENCE)
    assert sorted(states(world)) == ["delivered", "pending"]
    made._round()
    behind.set()
    progress.until(lambda: [each["state"] for each in other.outbox.all()] == ["delivered"])
    assert sorted(states(world)) == ["delivered", "pending"]


def test_what_waits_behind_a_delivery_that_an_operator_asked_for_goes_on_by_itself() -> None:
    world = make_world(TELLING, post=Posts())
    endpoint(world)
    happen(world, 2)
    held = world.sandbox.outbox.take(NOON)
    assert held is not None
    progress = Progress(world.sandbox)
    with working(world) as made:
        # Nothing is left to do until the endpoint is at rest again.
        assert made._round() == 60.0
        made._wake.clear()
        Outbox.send(world.sandbox.outbox, held)
        progress.until(lambda: states(world) == ["delivered", "delivered"])


def test_a_retry_comes_by_itself_when_the_clock_runs_and_never_while_it_stands() -> None:
    posts = Posts(answer=lambda _url, nth: 500 if nth == 0 else 200)
    world = make_world(TELLING, post=posts)
    world.sandbox.configure({"assumptions": {"webhook_retries": ["50ms"]}})
    endpoint(world)
    progress = Progress(world.sandbox)
    with working(world):
        happen(world)
        progress.until(lambda: len(posts.sent) == 1)
        assert states(world) == ["pending"]
        world.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
        progress.until(lambda: states(world) == ["delivered"])
    first, second = (attempt["at"] for attempt in world.sandbox.outbox.all()[0]["attempts"])
    assert second - first >= SECOND // 20


def test_what_is_late_is_signed_when_it_leaves() -> None:
    world = make_world(TELLING, freeze=False)
    progress = Progress(world.sandbox)
    with receiving() as receiver:
        world.sandbox.endpoints.add(receiver.url())
        happen(world)
        world.sandbox.clock = Clock(offset=3600 * SECOND)
        with working(world):
            progress.until(lambda: states(world) == ["delivered"])
    (delivery,) = world.sandbox.outbox.all()
    late = delivery["attempts"][0]["at"] - delivery["event"]["created_at"]
    assert late >= 3600 * SECOND
    assert receiver.heard[0].headers["webhook-timestamp"] == str(delivery["attempts"][0]["at"] // SECOND)


def test_a_timer_goes_off_by_itself() -> None:
    rung = Event()
    world = make_world(TELLING, freeze=False)

    def ring(until: int) -> list[dict[str, Any]]:
        rung.set()
        return []

    world.sandbox.agenda.run = ring  # type: ignore[method-assign]
    with working(world):
        with world.sandbox.transaction() as space:
            world.sandbox.schedule(space, world.sandbox.instant() + 1, "anything", {})
        assert rung.wait(PATIENCE)


def test_a_sandbox_that_cannot_be_served_is_told_of_and_keeps_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(courier, "_LONGEST", PATIENCE)
    world = make_world(TELLING)
    other = world.engine.create("acme")
    other.set_clock(Clock(frozen_at=NOON))
    other.post = Posts()
    other.endpoints.add("http://127.0.0.1:9/")

    def fail(_until: int) -> None:
        raise RuntimeError("on purpose")

    world.sandbox.outbox.take = fail  # type: ignore[method-assign, assignment]
    endpoint(world)
    happen(world)
    progress = Progress(other)
    with caplog.at_level(logging.ERROR), working(world):
        world.ask("POST", "/v1/notes", sandbox=other.id, json={"text": "a"})
        progress.until(lambda: [each["state"] for each in other.outbox.all()] == ["delivered"])
    assert "acme: what was due could not be done" in caplog.text


def test_a_sandbox_that_is_deleted_under_way_leaves_no_trace_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world, gate = make_world(TELLING), Event()
    made = world.engine.create("acme")
    with receiving(gate) as receiver, working(world):
        made.endpoints.add(receiver.url())
        world.ask("POST", "/v1/notes", sandbox=made.id, json={"text": "a"})
        receiver.wait_for(1)
        world.engine.delete(made.id)
        gate.set()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_stop_waits_for_what_is_under_way_so_long_and_no_longer() -> None:
    world, gate = make_world(TELLING), Event()
    with receiving(gate) as receiver:
        world.sandbox.endpoints.add(receiver.url())
        happen(world, 2)
        made = Courier(world.engine)
        made.start()
        receiver.wait_for(1)
        made.stop(0.01)
        assert states(world) == ["pending", "pending"]
        gate.set()
        with made._done:
            assert made._done.wait_for(lambda: not made._under_way, PATIENCE)
    assert (states(world), len(receiver.heard)) == (["delivered", "pending"], 1)


def test_resting_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = make_world(TELLING)
    made = Courier(world.engine)
    assert made._round() == 60.0
    posts = Posts(answer=lambda _url, _nth: 500)
    world.sandbox.post = posts
    endpoint(world)
    happen(world)
    world.settle()
    assert made._round() == 60.0, "the clock stands, so that nothing ever falls due"
    world.sandbox.move_clock(lambda clock, wall: clock.resume(wall))
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall", lambda: NOON - world.sandbox.clock.offset)
    assert made._round() == 60.0, "five minutes are longer than the longest rest"


def test_a_sandbox_nobody_uses_is_deleted_after_its_time() -> None:
    world = make_world(TELLING)
    idle, used = world.engine.create(TELLING.name, "idle"), world.engine.create(TELLING.name, "used")
    for sandbox in (idle, world.sandbox):
        sandbox.shared.used_at -= 3_600 * SECOND
    gone = Event()
    delete = world.engine.delete

    def told(name: str) -> None:
        delete(name)
        gone.set()

    world.engine.delete = told  # type: ignore[method-assign, assignment]
    made = Courier(world.engine, 1_800 * SECOND)
    made.start()
    try:
        assert gone.wait(PATIENCE)
    finally:
        made.stop(PATIENCE)
    assert set(world.engine.sandboxes) == {world.sandbox.id, used.id}
