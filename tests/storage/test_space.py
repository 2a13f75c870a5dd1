"""A space: the records that a transaction writes, the maximum number of records, counters and claims."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest

from mockserver.storage.base import Collection, TooManyRecords
from mockserver.storage.tinydb import space as spaces
from mockserver.storage.tinydb.store import TinyStore
from tests.support.failing_disk import ROOT, SimulatedDisk

COLLECTIONS = (Collection("people"), Collection("x"), Collection("_own"))


def open_store(files: SimulatedDisk) -> TinyStore:
    store = TinyStore(ROOT, files=files)
    store.open("box")
    store.declare("box", COLLECTIONS)
    return store


@pytest.fixture
def store() -> TinyStore:
    return open_store(SimulatedDisk())


def put(store: TinyStore, collection: str, *ids: str) -> None:
    with store.transaction("box") as space:
        for id in ids:
            space.put(collection, {"id": id})


def test_a_record_may_be_any_mapping_and_is_stored_as_a_dict() -> None:
    files = SimulatedDisk()
    store = open_store(files)
    mapping: dict[str, Any] = {"id": "p1", "n": 1}
    with store.transaction("box") as space:
        space.put("people", MappingProxyType(mapping))
        assert type(space.get("people", "p1")) is dict
        mapping["n"] = 2
        assert space.get("people", "p1") == {"id": "p1", "n": 1}
    assert json.loads(json.dumps(store.export("box")))["people"] == [{"id": "p1", "n": 1}]
    assert open_store(files.image().recover("the process dies")).export("box")["people"] == [{"id": "p1", "n": 1}]


def test_internal_collections_and_counters_do_not_count_towards_the_maximum(
    store: TinyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spaces, "MAX_RECORDS", 4)
    with store.transaction("box") as space:
        for name in "abcdef":
            space.increment(name)
    put(store, "_own", *"abcdef")
    put(store, "people", "p1", "p2")
    put(store, "x", "x1", "x2")
    put(store, "_own", "g")
    for collection in ("people", "x"):
        with pytest.raises(TooManyRecords, match="A sandbox has at most 4 records"):
            put(store, collection, "more")
    put(store, "people", "p1")
    with store.transaction("box") as space:
        space.drop("x", "x1")
    put(store, "people", "p3")


def test_a_full_sandbox_is_still_full_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spaces.MAX_RECORDS == 200_000
    monkeypatch.setattr(spaces, "MAX_RECORDS", 4)
    files = SimulatedDisk()
    store = open_store(files)
    put(store, "people", "p1", "p2", "p3", "p4")
    store = open_store(files.image().recover("the process dies"))
    with pytest.raises(TooManyRecords):
        put(store, "people", "p5")
    with store.transaction("box") as space:
        space.drop("people", "p1")
    put(store, "people", "p5")


def test_a_counter_starts_at_zero_and_grows_by_one_by_default(store: TinyStore) -> None:
    with store.transaction("box") as space:
        assert [space.increment("a", -2), space.increment("a"), space.increment("b"), space.increment("c", 0)] == [
            -2,
            -1,
            1,
            0,
        ]


def test_claims_and_releases_are_rolled_back_in_order(store: TinyStore) -> None:
    with store.transaction("box") as space:
        assert space.claim("held")
    with pytest.raises(ZeroDivisionError), store.transaction("box") as space:
        space.release("held")
        assert space.claim("held")
        with pytest.raises(KeyError), space.savepoint():
            space.release("held")
            assert space.claim("new")
            raise KeyError
        assert (space.is_claimed("held"), space.is_claimed("new")) == (True, False)
        assert not space.claim("held")
        space.release("held")
        raise ZeroDivisionError
    with store.transaction("box") as space:
        assert (space.is_claimed("held"), space.is_claimed("new")) == (True, False)
