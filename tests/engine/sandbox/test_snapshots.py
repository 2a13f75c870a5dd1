"""States kept under a name."""

from __future__ import annotations

import pytest

from mockserver.engine import Refusal, Unknown, return_to_snapshot, take_snapshot
from mockserver.engine.sandbox.snapshots import BOUND
from tests.support.worlds import World


def notes(world: World) -> int:
    return len(world.ask("GET", "/v1/notes").json["data"])


def test_a_sandbox_goes_back_to_what_it_was(acme: World) -> None:
    before = notes(acme)
    take_snapshot(acme.engine, "acme", "before")
    acme.ask("POST", "/v1/notes", json={"text": "new"})
    return_to_snapshot(acme.engine, "acme", "before")
    assert notes(acme) == before


def test_the_same_name_again_replaces_the_state(acme: World) -> None:
    take_snapshot(acme.engine, "acme", "s")
    acme.ask("POST", "/v1/notes", json={"text": "new"})
    take_snapshot(acme.engine, "acme", "s")
    after = notes(acme)
    acme.ask("POST", "/v1/notes", json={"text": "newer"})
    return_to_snapshot(acme.engine, "acme", "s")
    assert notes(acme) == after


def test_a_sandbox_keeps_so_many_snapshots_and_no_more(acme: World) -> None:
    for nth in range(BOUND):
        take_snapshot(acme.engine, "acme", f"s{nth}")
    with pytest.raises(Refusal, match="at most 20"):
        take_snapshot(acme.engine, "acme", "one more")
    take_snapshot(acme.engine, "acme", "s0")


def test_a_name_nobody_chose_is_refused_with_the_nearest(acme: World) -> None:
    take_snapshot(acme.engine, "acme", "before")
    with pytest.raises(Unknown, match="did you mean 'before'"):
        return_to_snapshot(acme.engine, "acme", "befor")
