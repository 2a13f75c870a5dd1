"""A clock is where it was told to go, or where it was."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Clock, Refusal
from mockserver.engine.core.clock import LATEST
from mockserver.engine.sandbox.moving import move
from mockserver.storage.base import StoreError
from tests.support.worlds import NOON, World


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
