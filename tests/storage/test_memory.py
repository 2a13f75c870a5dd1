"""The tables of one sandbox in memory: the lock, rollbacks, and which record numbers are reused."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.storage.base import Collection, SandboxGone
from mockserver.storage.tinydb.memory import MemoryStorage
from mockserver.storage.tinydb.store import TinyStore
from tests.support.failing_disk import ROOT, SimulatedDisk


def open_store(**options: Any) -> TinyStore:
    store = TinyStore(ROOT if options else None, **options)
    store.open("box")
    store.declare("box", (Collection("people"),))
    return store


def positions(store: TinyStore) -> dict[str, int]:
    with store.transaction("box") as space:
        return {record["id"]: position[0] for position, record in space.scan("people")}


def test_acquire_after_close_raises_each_time_and_does_not_wait() -> None:
    memory = MemoryStorage()
    memory.acquire()
    memory.release()
    for _ in range(2):
        memory.close()
        for _ in range(2):
            with pytest.raises(SandboxGone, match="closed or was deleted"):
                memory.acquire()


def test_the_holder_of_the_lock_may_take_it_again_only_reentrantly() -> None:
    memory = MemoryStorage()
    for take in (memory.exclusive, memory.exclusive_reentrant):
        with take():
            with memory.exclusive_reentrant():
                pass
            with pytest.raises(RuntimeError, match="do not nest"):
                memory.acquire()
    with memory.exclusive():
        pass


@pytest.mark.parametrize("put", [1, 2, 3])
@pytest.mark.parametrize("before", [0, 2])
def test_the_numbers_of_rolled_back_records_are_used_again(put: int, before: int) -> None:
    store = open_store()
    with store.transaction("box") as space:
        for nth in range(before):
            space.put("people", {"id": f"b{nth}"})
    with pytest.raises(ZeroDivisionError), store.transaction("box") as space:
        for nth in range(put):
            space.put("people", {"id": f"p{nth}"})
        raise ZeroDivisionError
    with store.transaction("box") as space:
        for nth in range(2):
            space.put("people", {"id": f"a{nth}"})
    expected = [f"b{nth}" for nth in range(before)] + ["a0", "a1"]
    assert positions(store) == {name: nth for nth, name in enumerate(expected, 1)}


def test_a_number_below_the_newest_is_not_used_again() -> None:
    memory = MemoryStorage()
    assert memory.peek_id("people") == 1
    for used, following in ((1, 2), (1, 2), (2, 3), (7, 8), (3, 8)):
        memory.reserve_id("people", used)
        assert memory.peek_id("people") == following
    assert memory.peek_id("others") == 1


def test_a_read_only_transaction_may_not_write_and_its_writes_are_rolled_back() -> None:
    store = open_store(files=SimulatedDisk())
    for _ in range(2):
        with (
            pytest.raises(RuntimeError, match=r"read-only transaction has written \['put', 'people', 1\]"),
            store.transaction("box", read_only=True) as space,
        ):
            space.put("people", {"id": "p1"})
    with store.transaction("box", read_only=True) as space:
        assert space.count("people") == 0


def test_only_a_transaction_with_writes_waits_for_the_disk() -> None:
    files = SimulatedDisk()
    store = open_store(files=files)
    operations: list[str] = []
    files.before_operation = operations.append
    with store.transaction("box") as space:
        assert space.get("people", "p1") is None
    with pytest.raises(ZeroDivisionError), store.transaction("box") as space:
        space.put("people", {"id": "p1"})
        raise ZeroDivisionError
    assert operations == []
    with store.transaction("box") as space:
        space.put("people", {"id": "p1"})
    assert operations == ["append", "fsync"]
    operations.clear()
    with store.transaction("box", wait=False) as space:
        space.put("people", {"id": "p2"})
    with store.transaction("box", durable=False) as space:
        space.put("people", {"id": "p3"})
    assert operations == ["append", "append"]
    store.wait_until_durable("box")
    assert operations == ["append", "append", "fsync"]


def test_callbacks_are_called_when_all_tables_are_replaced_and_removed_on_close() -> None:
    memory, calls = MemoryStorage(), []
    memory.on_tables_replaced(lambda: calls.append("one"))
    memory.on_tables_replaced(lambda: calls.append("two"))
    with memory.exclusive():
        memory.load({"people": [{"id": "p1"}]})
    memory.write({"people": {"3": {"id": "p3"}}, "_store": {}, "empty": {}})
    assert calls == ["one", "two"] * 2
    assert memory.read() == {"people": {"3": {"id": "p3"}}}
    assert memory.peek_id("people") == 4
    memory.close()
    assert memory._replacement_callbacks == []


@pytest.mark.parametrize(("checkpoint_bytes", "written"), [(0, True), (10**6, False)])
def test_a_write_causes_a_checkpoint_only_once_the_log_is_large_enough(checkpoint_bytes: int, written: bool) -> None:
    files = SimulatedDisk()
    store = open_store(files=files, checkpoint_bytes=checkpoint_bytes)
    path = ROOT / "sandboxes" / "box.json"
    with store.transaction("box") as space:
        assert space.get("people", "p1") is None
    assert path not in files.names
    with store.transaction("box") as space:
        space.put("people", {"id": "p1"})
    assert (path in files.names) is written
