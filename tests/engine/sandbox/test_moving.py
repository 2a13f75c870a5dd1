"""A clock is where it was told to go, or where it was."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Clock, Refusal
from mockserver.engine.core.clock import LATEST
from mockserver.engine.sandbox.moving import move
from mockserver.storage.base import StoreError
from tests.engine.sandbox.test_scheduler import BELLS
from tests.support.worlds import NOON, World, make_world


@pytest.mark.parametrize("instant", [-1, LATEST + 1])
def test_a_clock_goes_from_1970_to_9999(acme: World, instant: int) -> None:
    with pytest.raises(Refusal, match="1970 to 9999"):
        move(acme.sandbox, Clock(frozen_at=instant))
    assert acme.sandbox.now() == NOON


def test_a_clock_that_cannot_be_kept_stays_where_it_was(acme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr("mockserver.engine.sandbox.moving._keep", refuse)
    with pytest.raises(StoreError):
        move(acme.sandbox, Clock(frozen_at=NOON + SECOND))
    assert acme.sandbox.now() == NOON


def test_a_bucket_that_was_filled_later_than_now_is_full_again(acme: World) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})
    assert [acme.ask("GET", "/v1/notes").status_code for _ in range(2)] == [200, 429]
    move(acme.sandbox, Clock(frozen_at=NOON - SECOND))
    assert acme.ask("GET", "/v1/notes").status_code == 200


@pytest.mark.parametrize("instant", [0, LATEST])
def test_the_first_and_the_last_instant_a_clock_shows_are_shown(acme: World, instant: int) -> None:
    move(acme.sandbox, Clock(frozen_at=instant))
    assert acme.sandbox.now() == instant


@pytest.mark.parametrize("by", [-SECOND, 0, SECOND])
def test_whoever_delivers_is_woken_when_a_clock_has_moved(acme: World, by: int) -> None:
    woken: list[int] = []
    acme.sandbox.outbox.wake = lambda: woken.append(acme.sandbox.now())
    move(acme.sandbox, Clock(frozen_at=NOON + by))
    assert woken[-1:] == [NOON + by]


@pytest.mark.parametrize(("by", "status"), [(0, 429), (SECOND - 1, 429), (SECOND, 200)])
def test_a_bucket_is_left_as_it_is_when_a_clock_does_not_go_back(acme: World, by: int, status: int) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})
    assert acme.ask("GET", "/v1/notes").status_code == 200
    move(acme.sandbox, Clock(frozen_at=NOON + by))
    assert acme.ask("GET", "/v1/notes").status_code == status


def test_moving_one_clock_leaves_those_of_other_sandboxes(acme: World) -> None:
    other = acme.engine.create("acme", "other")
    other.set_clock(Clock(frozen_at=NOON))
    move(acme.sandbox, Clock(frozen_at=NOON + SECOND))
    assert (acme.sandbox.now(), other.now()) == (NOON + SECOND, NOON)


@pytest.mark.parametrize(("by", "rung"), [(9 * SECOND, 0), (10 * SECOND, 1), (-60 * SECOND, 0)])
def test_a_clock_that_runs_on_elsewhere_does_what_is_due_until_there(
    monkeypatch: pytest.MonkeyPatch, by: int, rung: int
) -> None:
    world = make_world(BELLS)
    world.sandbox.simulate("ring", {"name": "a"}, 10 * SECOND)
    monkeypatch.setattr("mockserver.engine.sandbox.moving.wall", lambda: NOON - SECOND)
    assert len(move(world.sandbox, Clock(offset=SECOND + by))) == rung
    assert world.sandbox.clock == Clock(offset=SECOND + by)
