"""Moving a clock: it reaches the given instant or stays unchanged."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Clock, Conflict, Refusal
from mockserver.engine.core.clock import LATEST_INSTANT
from mockserver.engine.sandbox.clock_moves import move_clock_to
from mockserver.storage.base import StoreError
from tests.engine.sandbox.test_timers import ACME_WITH_BELLS
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, emit_events, endpoint


@pytest.mark.parametrize("instant", [-1, LATEST_INSTANT + 1])
def test_a_clock_cannot_move_outside_1970_to_9999(acme: Harness, instant: int) -> None:
    with pytest.raises(Refusal, match="1970 to 9999"):
        move_clock_to(acme.sandbox, Clock(frozen_at=instant))
    assert acme.sandbox.now() == NOON


def test_a_clock_whose_move_cannot_be_stored_is_unchanged(acme: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr("mockserver.engine.sandbox.clock_moves._store_clock", refuse)
    with pytest.raises(StoreError):
        move_clock_to(acme.sandbox, Clock(frozen_at=NOON + SECOND))
    assert acme.sandbox.now() == NOON


def test_moving_the_clock_back_refills_the_bucket(acme: Harness) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})
    assert [acme.request("GET", "/v1/notes").status_code for _ in range(2)] == [200, 429]
    move_clock_to(acme.sandbox, Clock(frozen_at=NOON - SECOND))
    assert acme.request("GET", "/v1/notes").status_code == 200


@pytest.mark.parametrize("instant", [0, LATEST_INSTANT])
def test_a_clock_can_be_moved_to_the_first_and_the_last_instant(acme: Harness, instant: int) -> None:
    move_clock_to(acme.sandbox, Clock(frozen_at=instant))
    assert acme.sandbox.now() == instant


@pytest.mark.parametrize("by", [-SECOND, 0, SECOND])
def test_a_move_wakes_the_delivery_worker(acme: Harness, by: int) -> None:
    woken: list[int] = []
    acme.sandbox.outbox.wake = lambda: woken.append(acme.sandbox.now())
    move_clock_to(acme.sandbox, Clock(frozen_at=NOON + by))
    assert woken[-1:] == [NOON + by]


@pytest.mark.parametrize(("by", "status"), [(0, 429), (SECOND - 1, 429), (SECOND, 200)])
def test_moving_the_clock_forward_refills_the_bucket_as_usual(acme: Harness, by: int, status: int) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})
    assert acme.request("GET", "/v1/notes").status_code == 200
    move_clock_to(acme.sandbox, Clock(frozen_at=NOON + by))
    assert acme.request("GET", "/v1/notes").status_code == status


def test_moving_one_clock_does_not_move_those_of_other_sandboxes(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    other.set_clock(Clock(frozen_at=NOON))
    move_clock_to(acme.sandbox, Clock(frozen_at=NOON + SECOND))
    assert (acme.sandbox.now(), other.now()) == (NOON + SECOND, NOON)


@pytest.mark.parametrize(("by", "expected"), [(9 * SECOND, 0), (10 * SECOND, 1), (-60 * SECOND, 0)])
def test_moving_a_running_clock_runs_the_timers_due_until_then(
    monkeypatch: pytest.MonkeyPatch, by: int, expected: int
) -> None:
    harness = make_harness(ACME_WITH_BELLS)
    harness.sandbox.simulate("ring", {"name": "a"}, 10 * SECOND)
    monkeypatch.setattr("mockserver.engine.sandbox.clock_moves.wall_time", lambda: NOON - SECOND)
    assert len(move_clock_to(harness.sandbox, Clock(offset=SECOND + by))) == expected
    assert harness.sandbox.clock == Clock(offset=SECOND + by)


@pytest.mark.parametrize("clock", [Clock(frozen_at=NOON + SECOND), Clock(offset=SECOND), Clock(frozen_at=0)])
def test_the_instant_of_a_moved_clock_is_stored(acme: Harness, clock: Clock) -> None:
    move_clock_to(acme.sandbox, clock)
    acme.sandbox.reload()
    assert acme.sandbox.clock == clock


def test_a_reset_during_the_last_due_delivery_is_a_conflict() -> None:
    egress = FakeEgress()
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=egress)
    endpoint(harness)
    emit_events(harness)
    egress.during_send = lambda: harness.engine.reset("acme")
    with pytest.raises(Conflict, match="was reset while its clock was moving"):
        move_clock_to(harness.sandbox, Clock(frozen_at=NOON + SECOND))
    assert harness.sandbox.outbox.all() == []
