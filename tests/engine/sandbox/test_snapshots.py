"""Snapshots: states stored under a name."""

from __future__ import annotations

import pytest

from mockserver.engine import Refusal, UnknownName, restore_from_snapshot, take_snapshot
from mockserver.engine.sandbox.snapshots import MAX_SNAPSHOTS
from tests.support.harness import Harness


def notes(harness: Harness) -> int:
    return len(harness.request("GET", "/v1/notes").json["data"])


def test_restoring_a_snapshot_restores_the_records(acme: Harness) -> None:
    before = notes(acme)
    take_snapshot(acme.engine, "acme", "before")
    acme.request("POST", "/v1/notes", json={"text": "new"})
    restore_from_snapshot(acme.engine, "acme", "before")
    assert notes(acme) == before


def test_a_snapshot_of_the_same_name_replaces_the_state(acme: Harness) -> None:
    take_snapshot(acme.engine, "acme", "s")
    acme.request("POST", "/v1/notes", json={"text": "new"})
    take_snapshot(acme.engine, "acme", "s")
    after = notes(acme)
    acme.request("POST", "/v1/notes", json={"text": "newer"})
    restore_from_snapshot(acme.engine, "acme", "s")
    assert notes(acme) == after


def test_the_number_of_snapshots_is_limited(acme: Harness) -> None:
    for nth in range(MAX_SNAPSHOTS):
        take_snapshot(acme.engine, "acme", f"s{nth}")
    with pytest.raises(Refusal, match="at most 20"):
        take_snapshot(acme.engine, "acme", "one more")
    take_snapshot(acme.engine, "acme", "s0")


def test_an_unknown_name_is_refused_with_the_nearest(acme: Harness) -> None:
    take_snapshot(acme.engine, "acme", "before")
    with pytest.raises(UnknownName, match="did you mean 'before'"):
        restore_from_snapshot(acme.engine, "acme", "befor")
