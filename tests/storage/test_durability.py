"""When a write is safe: before the reply, within 200 ms, or never; and how the server reports it."""

from __future__ import annotations

import errno
import gc
import json
import threading
import weakref
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from mockserver.settings import read_settings
from mockserver.storage.base import Collection, Durability, StoreError, StoreStatus
from mockserver.storage.tinydb.flusher import FLUSH_SECONDS, Flusher
from mockserver.storage.tinydb.store import TinyStore
from tests.storage.test_power_loss import DATA, States, StoreRun, person, write
from tests.support.failing_disk import SimulatedDisk
from tests.support.server_process import start_server

POWER_LOST = "power lost, nothing unsynced is there"
TOKEN = "durability-token"


@pytest.fixture
def interval_run() -> Iterator[StoreRun]:
    """A store whose flusher never runs; the test flushes instead."""
    run = StoreRun(SimulatedDisk(), "interval")
    run.store = TinyStore(DATA, files=run.files, durability="interval", flush_seconds=3600)
    run.begin("box")
    yield run
    run.store.close()


def state_after(run: StoreRun, outcome: str) -> States:
    restarted = StoreRun(run.files.image().recover(outcome))
    restarted.start()
    return restarted.export_all()


def test_with_interval_a_write_survives_the_process_at_once_and_a_power_loss_after_a_flush(
    interval_run: StoreRun,
) -> None:
    write(1).do(interval_run)
    expected = interval_run.export_all()
    assert state_after(interval_run, "the process dies") == expected
    assert state_after(interval_run, POWER_LOST) == {}
    interval_run.store.flush()
    assert state_after(interval_run, POWER_LOST) == expected


def test_with_interval_a_reset_does_not_wait_for_the_disk(interval_run: StoreRun) -> None:
    interval_run.store.load("box", {"people": [person(1)]})
    assert state_after(interval_run, POWER_LOST) == {}
    assert state_after(interval_run, "the process dies")["box"]["people"] == [person(1)]


def test_a_write_is_flushed_automatically_within_the_interval(tmp_path: Path) -> None:
    flushed = threading.Event()
    store = TinyStore(tmp_path, durability="interval", fsync=lambda handle: flushed.set())
    store.open("box")
    store.declare("box", ())
    flushed.clear()
    with store.transaction("box") as space:
        space.increment("a")
    assert flushed.wait(60)
    store.close()
    assert 2 * FLUSH_SECONDS <= 0.2


def test_the_flusher_runs_until_it_is_closed_or_the_store_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    rounds, third_round = [0], threading.Event()

    def flush() -> None:
        rounds[0] += 1
        if rounds[0] == 3:
            third_round.set()
            raise StoreError("box.log: fsync failed")

    flusher = Flusher(flush, 0.001)
    assert third_round.wait(60)
    flusher.close()
    assert rounds == [3]
    assert caplog.messages == ["box.log: fsync failed"]


def test_a_flush_that_fails_fails_the_store(interval_run: StoreRun) -> None:
    def fails(operation: str) -> None:
        if operation == "fsync":
            raise OSError(errno.EIO, "EIO")

    write(1).do(interval_run)
    interval_run.files.before_operation = fails
    with pytest.raises(StoreError, match=r"box\.log: fsync failed"):
        interval_run.store.flush()
    with pytest.raises(StoreError, match=r"box\.log: fsync failed"):
        write(2).do(interval_run)


def test_in_memory_nothing_is_written_to_the_disk() -> None:
    files = SimulatedDisk()
    store = TinyStore(DATA, files=files, durability="memory")
    store.open("box")
    store.close()
    assert DATA not in files.names
    assert store.status == StoreStatus("memory")


@pytest.mark.parametrize("durability", ["commit", "interval", "memory"])
def test_the_status_of_a_store_has_its_durability(durability: Durability, tmp_path: Path) -> None:
    store = TinyStore(tmp_path, durability=durability)
    assert store.status == StoreStatus(durability)
    store.close()
    assert TinyStore(None, durability=durability).status.durability == "memory"


def test_the_flag_for_memory_is_the_same_as_the_setting() -> None:
    assert read_settings({}, {}).effective_durability == "commit"
    assert read_settings({"TESTMODE_DURABILITY": "interval"}, {}).effective_durability == "interval"
    assert read_settings({"TESTMODE_DURABILITY": "interval"}, {"memory": True}).effective_durability == "memory"
    assert read_settings({"TESTMODE_DURABILITY": "commit"}, {"durability": "memory"}).effective_durability == "memory"


def get_json(url: str, path: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
    body = json.loads(connection.getresponse().read())
    connection.close()
    return body


@pytest.mark.parametrize("durability", ["commit", "interval", "memory"])
def test_a_server_reports_its_durability_and_torn_tails(durability: str, tmp_path: Path) -> None:
    arguments = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--admin-token", TOKEN)
    with start_server(*arguments) as (process, _):
        process.kill()
        process.wait(60)
    log = tmp_path / "sandboxes" / "smartepi.log"
    log.write_bytes(log.read_bytes() + b'{"v":1,"seq":99,')
    with start_server(*arguments, "--durability", durability) as (_, url):
        status = {"durability": durability, "torn_tails": 1, "torn_bytes": 16}
        if durability == "memory":
            status |= {"torn_tails": 0, "torn_bytes": 0}
        assert get_json(url, "/ready") == {"status": "ready", "store": status}
        assert get_json(url, "/__admin/version")["store"] == status


@pytest.mark.parametrize("durability", ["interval", "memory"])
def test_the_memory_of_a_deleted_sandbox_is_freed_without_the_garbage_collector(
    tmp_path: Path, durability: Durability
) -> None:
    store = TinyStore(tmp_path, durability=durability)
    store.open("box")
    store.declare("box", (Collection("people", ("status",)),))
    with store.transaction("box") as space:
        space.put("people", {"id": "p1", "status": "new"})
    reference = weakref.ref(cast(Any, store.database("box")).storage)
    gc.disable()
    try:
        store.delete("box")
        assert reference() is None
    finally:
        gc.enable()
        store.close()
