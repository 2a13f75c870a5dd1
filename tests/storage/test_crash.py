"""The store after a crash: it recovers every acknowledged write, or reports what is damaged and where."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tinydb import Query, TinyDB

from mockserver.storage.base import Collection, State, StoreDamaged, StoreError, StoreLocked, StoreTooNew
from mockserver.storage.tinydb import log_format, schema
from mockserver.storage.tinydb.files import FileSystem
from mockserver.storage.tinydb.store import TinyStore
from tests.support.paths import ROOT

COLLECTIONS = (Collection("people", ("status",)), Collection("events"))
NAMES = ("box", "other")
NEWER_SCHEMA_MESSAGE = f"written in schema {schema.SCHEMA + 1} by a newer server; this one knows {schema.SCHEMA}"


class UnsyncedFiles(FileSystem):
    """Files without fsync."""

    def fsync(self, handle: int) -> None:
        pass

    def sync_directory(self, path: Path) -> None:
        pass


class KillableFiles(UnsyncedFiles):
    """Files whose handles can be closed at once, as when the process dies."""

    def __init__(self) -> None:
        self.handles: set[int] = set()

    def lock(self, path: Path) -> int:
        handle = super().lock(path)
        self.handles.add(handle)
        return handle

    def open_append(self, path: Path) -> int:
        handle = super().open_append(path)
        self.handles.add(handle)
        return handle

    def close(self, handle: int) -> None:
        self.handles.discard(handle)
        super().close(handle)

    def die(self) -> None:
        for handle in self.handles:
            os.close(handle)
        self.handles.clear()


Operation = Callable[[TinyStore], None]


def person(i: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"p{i}", "status": "new", "note": "ünï\n", **fields}


def write(i: int, name: str = "box") -> Operation:
    """Returns an operation like one of the server: it puts a record, appends an event, counts and drops a record."""

    def operation(store: TinyStore) -> None:
        with store.transaction(name) as space:
            space.put("people", person(i))
            space.append("events", {"id": f"e{space.increment('events')}", "of": f"p{i}"}, 4)
            space.drop("people", f"p{i - 5}")

    return operation


def small(i: int) -> Operation:
    def operation(store: TinyStore) -> None:
        with store.transaction("box") as space:
            space.put("people", {"id": f"p{i}"})

    return operation


def begin(name: str) -> Operation:
    def operation(store: TinyStore) -> None:
        store.open(name)
        store.declare(name, COLLECTIONS)

    return operation


def checkpoint(store: TinyStore) -> None:
    database = store.database("box")
    database.storage.write(database.storage.read() or {})


def without_empty_collections(state: State) -> State:
    return {collection: records for collection, records in state.items() if records}


def crash_after(directory: Path, operations: list[Operation]) -> Path:
    """Returns the log of a process that died after these operations."""
    files = KillableFiles()
    store = TinyStore(directory, files=files)
    for operation in [begin("box"), *operations]:
        operation(store)
    files.die()
    return directory / "sandboxes" / "box.log"


def test_one_flipped_bit_in_a_log_is_detected_unless_it_is_in_the_last_record(tmp_path: Path) -> None:
    path = crash_after(tmp_path, [write(i) for i in range(20)])
    data = path.read_bytes()
    last = data.rfind(b"\n", 0, -1) + 1
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            if at >= last:
                assert len(log_format.read_records(path, flipped, 0)) == 19
            else:
                with pytest.raises(StoreDamaged, match=r"line \d+ at byte \d+ .*nothing was changed"):
                    log_format.read_records(path, flipped, 0)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda lines: [lines[0], b"garbage\n", lines[2]], "line 2 at byte {} is damaged"),
        (lambda lines: [lines[0], lines[2]], "line 2 at byte {} has seq 3 instead of 2"),
        (
            lambda lines: [lines[0], lines[0], lines[1]],
            "line 2 at byte {} has seq 1 instead of 2",
        ),
    ],
)
def test_a_log_damaged_before_its_end_is_refused_and_not_changed(
    tmp_path: Path, harm: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    path = crash_after(tmp_path, [write(i) for i in range(3)])
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join(harm(lines))
    path.write_bytes(damaged)
    store = TinyStore(tmp_path)
    with pytest.raises(StoreDamaged) as refusal:
        store.open("box")
    assert str(refusal.value).startswith(f"{path}: {message.format(len(lines[0]))}")
    assert path.read_bytes() == damaged
    store.close()


def test_a_log_whose_beginning_is_missing_is_refused(tmp_path: Path) -> None:
    path = crash_after(tmp_path, [write(i) for i in range(3)])
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(StoreDamaged, match="line 1 at byte 0 has seq 2 instead of 1"):
        TinyStore(tmp_path).open("box")


def test_a_log_of_a_newer_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)
    crash_after(tmp_path, [write(1)])
    monkeypatch.undo()
    with pytest.raises(StoreError, match=NEWER_SCHEMA_MESSAGE):
        TinyStore(tmp_path).open("box")


def log_line(rest: bytes, head: bytes = b'{"v":1,"seq":1,') -> bytes:
    """Returns a log line with a correct checksum."""
    return b'%b"crc":"%08x",%b\n' % (head, zlib.crc32(rest, zlib.crc32(head)), rest)


def test_a_line_of_a_newer_schema_is_refused_and_not_treated_as_a_torn_tail(
    tmp_path: Path,
) -> None:
    data = log_line(b'"who":"me","changes":{}}', b'{"v":9,"seq":1,')
    with pytest.raises(StoreTooNew, match="line 1: written in schema 9 by a newer server"):
        log_format.read_records(tmp_path, data, 0)


def test_a_complete_line_that_is_not_a_record_is_damage_and_not_cut_off(tmp_path: Path) -> None:
    data = log_line(b'"who":"me","ops":[]}')
    with pytest.raises(StoreDamaged, match="line 1 at byte 0 is not a record of schema 1; nothing was changed"):
        log_format.read_records(tmp_path, data, 0)


def test_a_log_of_schema_1_is_read_and_appended_to(tmp_path: Path) -> None:
    path = crash_after(tmp_path, [])
    old = log_line(b'"ops":[["put","people",1,{"id":"p1"}]]}')
    path.write_bytes(old)
    for n in (2, 3):
        store = TinyStore(tmp_path)
        begin("box")(store)
        small(n)(store)
        assert [record["id"] for record in store.export("box")["people"]] == ["p1", "p2", "p3"][:n]
        store.close()
    assert path.with_name("box.log.schema-1").read_bytes() == old
    assert b'"schema":2' in path.with_name("box.json").read_bytes()


def test_each_log_record_has_the_time_of_both_clocks(tmp_path: Path) -> None:
    times = iter([(5, 1_000), (-7, 1_001)])
    set_time_source = lambda store: store.set_time_source("box", lambda: next(times))  # noqa: E731
    path = crash_after(tmp_path, [small(1), set_time_source, small(2), small(3)])
    records = [json.loads(record) for record in path.read_bytes().splitlines()]
    assert [(record.get("t"), record.get("w")) for record in records] == [(None, None), (5, 1_000), (-7, 1_001)]
    assert log_format.read_records(path, path.read_bytes(), 0).written == (-7, 1_001)


@pytest.fixture
def closed_store_directory(tmp_path: Path) -> Path:
    """Returns the path of a checkpoint that has a previous one next to it."""
    store = TinyStore(tmp_path, files=UnsyncedFiles())
    begin("box")(store)
    for i in range(4):
        write(i)(store)
        checkpoint(store)
    store.close()
    return tmp_path / "sandboxes" / "box.json"


def load_error(checkpoint: Path) -> str:
    store = TinyStore(checkpoint.parent.parent, files=UnsyncedFiles())
    try:
        with pytest.raises(StoreError) as refusal:
            store.open("box")
    finally:
        store.close()
    return str(refusal.value)


def test_stock_tinydb_opens_a_checkpoint(closed_store_directory: Path) -> None:
    with TinyDB(closed_store_directory) as database:
        assert database.tables() == {"_store", "_counters", "people", "events"}
        people = database.table("people")
        assert people.get(doc_id=2) == person(1)
        assert [document.doc_id for document in people.search(Query().id == "p3")] == [4]
    assert closed_store_directory.stat().st_mode & 0o777 == 0o600
    assert "p3" in closed_store_directory.read_text()
    assert "p3" not in closed_store_directory.with_name("box.json.prev").read_text()


def test_a_checkpoint_with_one_flipped_bit_is_refused_and_not_changed(closed_store_directory: Path) -> None:
    data = closed_store_directory.read_bytes()
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        closed_store_directory.write_bytes(damaged)
        message = load_error(closed_store_directory)
        assert message.startswith(f"{closed_store_directory}: damaged ")
        assert " byte " in message
        assert closed_store_directory.read_bytes() == damaged


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda data: b"", "damaged at byte 0"),
        (lambda data: b"null", "damaged at byte 0"),
        (lambda data: b"\xef\xbb\xbf" + data, "damaged at byte 0"),
        (lambda data: data[:200], "damaged at byte "),
        (lambda data: data + b"}", "damaged at byte "),
    ],
)
def test_a_changed_checkpoint_is_refused(
    closed_store_directory: Path, harm: Callable[[bytes], bytes], message: str
) -> None:
    closed_store_directory.write_bytes(harm(closed_store_directory.read_bytes()))
    assert load_error(closed_store_directory).startswith(f"{closed_store_directory}: {message}")


def test_a_missing_checkpoint_is_not_replaced_by_the_previous_one(closed_store_directory: Path) -> None:
    closed_store_directory.unlink()
    assert load_error(closed_store_directory).startswith(f"{closed_store_directory}: missing")


def test_a_checkpoint_of_a_newer_schema_is_refused(
    closed_store_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mockserver.storage.tinydb import checkpoint as format_

    checkpoint = format_.decode(closed_store_directory, closed_store_directory.read_bytes())
    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + 1)
    closed_store_directory.write_bytes(format_.encode(checkpoint))
    monkeypatch.undo()
    assert NEWER_SCHEMA_MESSAGE in load_error(closed_store_directory)


def test_a_second_store_on_a_directory_is_refused_until_the_first_process_ends(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mockserver.storage.tinydb.store import TinyStore; "
        "TinyStore(Path(sys.argv[1])); print('here', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"here\n"
        with pytest.raises(StoreLocked, match=r"\.lock: another process uses this data directory"):
            TinyStore(tmp_path)
        other.kill()
    TinyStore(tmp_path).close()


def test_a_file_as_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"user \d+ cannot use it as the data directory"):
        TinyStore(tmp_path / "file")


def test_a_position_is_never_reused_even_after_a_crash(tmp_path: Path) -> None:
    crash_after(tmp_path, [small(1), small(2), lambda store: drop_sandbox(store, "p2")])
    store = TinyStore(tmp_path)
    begin("box")(store)
    small(3)(store)
    with store.transaction("box") as space:
        assert [position for position, _ in space.scan("people")] == [(1,), (3,)]
    store.close()


def drop_sandbox(store: TinyStore, name: str) -> None:
    with store.transaction("box") as space:
        space.drop("people", name)


def test_an_interrupted_deletion_is_completed_when_the_sandbox_is_opened_again(tmp_path: Path) -> None:
    class FailingUnlink(UnsyncedFiles):
        fails = False

        def unlink(self, path: Path) -> None:
            if self.fails and path.suffix == ".json":
                raise PermissionError(errno.EACCES, "Permission denied")
            super().unlink(path)

    files = FailingUnlink()
    store = TinyStore(tmp_path, files=files)
    for operation in (begin("box"), write(1), checkpoint):
        operation(store)
    files.fails = True
    with pytest.raises(StoreError, match="could not be deleted"):
        store.delete("box")
    files.fails = False
    begin("box")(store)
    assert without_empty_collections(store.export("box")) == {}
    store.close()


class FullDisk(UnsyncedFiles):
    """A disk that takes half of each write while it is full."""

    full = False

    def append(self, handle: int, data: bytes) -> None:
        super().append(handle, data[: len(data) // 2] if self.full else data)
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_refuses_the_whole_write_and_accepts_it_once_there_is_room(tmp_path: Path) -> None:
    files = FullDisk()
    store = TinyStore(tmp_path, files=files)
    begin("box")(store)
    write(1)(store)
    before, size = store.export("box"), (tmp_path / "sandboxes" / "box.log").stat().st_size
    files.full = True
    for _ in range(2):
        with pytest.raises(StoreError, match=r"box\.log: \d+ bytes could not be written .*No space left"):
            write(2)(store)
    assert store.export("box") == before
    assert (tmp_path / "sandboxes" / "box.log").stat().st_size == size
    assert store.status.failure is None
    files.full = False
    write(2)(store)
    after = store.export("box")
    store.close()
    store = TinyStore(tmp_path)
    begin("box")(store)
    assert store.export("box") == after
    store.close()


@pytest.mark.parametrize("limit", [lambda size: size - 1, lambda size: size // 2, lambda size: 1])
def test_a_short_write_is_repeated_until_all_bytes_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: Callable[[int], int]
) -> None:
    def run_store(directory: Path) -> dict[str, bytes]:
        store = TinyStore(directory, files=UnsyncedFiles())
        for operation in (begin("box"), *(write(i) for i in range(8)), checkpoint, *(write(i) for i in range(8, 12))):
            operation(store)
        return {path.name: path.read_bytes() for path in (directory / "sandboxes").iterdir()}

    whole, write_, writes = run_store(tmp_path / "whole"), os.write, 0

    def short(handle: int, data: bytes) -> int:
        nonlocal writes
        writes += 1
        return write_(handle, data[: max(1, limit(len(data)))])

    monkeypatch.setattr(os, "write", short)
    assert run_store(tmp_path / "short") == whole
    assert writes > 2 * 13


def test_a_checkpoint_without_room_on_the_disk_is_postponed_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = FullDisk()
    store = TinyStore(tmp_path, files=files)
    begin("box")(store)
    write(1)(store)
    before = store.export("box")
    files.full = True
    store.close()
    assert "no checkpoint could be written" in caplog.text
    assert sorted(path.name for path in (tmp_path / "sandboxes").iterdir()) == ["box.log"]
    store = TinyStore(tmp_path)
    begin("box")(store)
    assert store.export("box") == before
    store.close()


def test_a_failed_fsync_fails_the_store_for_writes_but_not_for_reads(tmp_path: Path) -> None:
    calls: list[int] = []

    def fails(handle: int) -> None:
        calls.append(handle)
        raise OSError(errno.EIO, "Input/output error")

    store = TinyStore(tmp_path, fsync=fails)
    for name in NAMES:
        begin(name)(store)
    for name in (*NAMES, "box"):
        with pytest.raises(StoreError, match=r"box\.log: fsync failed .*accepts no more writes"):
            write(1, name)(store)
    assert len(calls) == 1
    assert store.status.failure is not None
    with store.transaction("box") as space:
        assert space.get("people", "p1") == person(1)
    with store.transaction("other") as space:
        assert space.get("people", "p1") is None
    store.close()


@pytest.fixture
def store_counting_syncs(tmp_path: Path) -> Iterator[tuple[TinyStore, list[int], threading.Event]]:
    calls: list[int] = []
    go_on = threading.Event()

    def fsync(handle: int) -> None:
        calls.append(handle)
        assert go_on.wait(60)

    store = TinyStore(tmp_path, fsync=fsync)
    begin("box")(store)
    yield store, calls, go_on
    go_on.set()
    store.close()


def test_threads_that_commit_concurrently_share_one_fsync(
    store_counting_syncs: tuple[TinyStore, list[int], threading.Event],
) -> None:
    store, calls, go_on = store_counting_syncs
    threads = [threading.Thread(target=write(i), args=(store,)) for i in range(17)]
    threads[0].start()
    while not calls:
        pass
    for thread in threads[1:]:
        thread.start()
    while store.export("box").get("_counters", [{"value": 0}])[0]["value"] < 17:
        pass
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 2


def test_a_write_made_just_before_an_fsync_shares_it(tmp_path: Path) -> None:
    fsyncs: list[int] = []

    def write_others() -> None:
        with store.transaction("box", wait=False) as space:
            space.increment("others")

    store = TinyStore(tmp_path, fsync=fsyncs.append, before_fsync=write_others)
    begin("box")(store)
    fsyncs.clear()
    write(1)(store)
    assert len(fsyncs) == 1
    store.wait_until_durable("box")
    assert len(fsyncs) == 1
    store.close()


def test_a_write_that_need_not_be_durable_is_synced_only_by_flush(
    store_counting_syncs: tuple[TinyStore, list[int], threading.Event],
) -> None:
    store, calls, go_on = store_counting_syncs
    go_on.set()
    with store.transaction("box", durable=False) as space:
        space.put("people", person(1))
    with store.transaction("box") as space:
        assert space.count("people") == 1
    assert calls == []
    store.flush()
    store.flush()
    assert len(calls) == 1


def test_checkpoints_become_rarer_as_the_data_grows(tmp_path: Path) -> None:
    class Counting(UnsyncedFiles):
        written = 0

        def append(self, handle: int, data: bytes) -> None:
            self.written += len(data)
            super().append(handle, data)

    files = Counting()
    store = TinyStore(tmp_path, files=files, checkpoint_bytes=1000)
    begin("box")(store)
    record_bytes = 0
    for i in range(2000):
        with store.transaction("box") as space:
            space.put("people", person(i))
        record_bytes += len(json.dumps(person(i)))
    assert files.written < 6 * record_bytes
    with suppress(StoreError):
        store.close()


def test_an_automatic_checkpoint_empties_the_log(tmp_path: Path) -> None:
    store = TinyStore(tmp_path, files=UnsyncedFiles(), checkpoint_bytes=500)
    begin("box")(store)
    sizes = []
    for i in range(40):
        write(i)(store)
        sizes.append((tmp_path / "sandboxes" / "box.log").stat().st_size)
    assert sizes.count(0) > 3
    before = store.export("box")
    store.close()
    store = TinyStore(tmp_path)
    begin("box")(store)
    assert store.export("box") == before
    store.close()


def test_opening_undamaged_files_logs_nothing(closed_store_directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = TinyStore(closed_store_directory.parent.parent)
    with caplog.at_level(logging.DEBUG):
        store.open("box")
    assert caplog.messages == []
    store.close()
