"""The write-ahead log, one disk operation at a time: the bytes on disk, the counters, and what follows an error."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Any

import pytest

from mockserver.storage.base import StoreDamaged, StoreError, StoreFull
from mockserver.storage.tinydb import log_format
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path
from mockserver.storage.tinydb.log import WriteAheadLog
from tests.support.failing_disk import ROOT, SimulatedDisk

PATHS = SandboxPaths(ROOT, "box")
RECORDS = [log_format.encode(seq, None, b"[]") for seq in range(1, 5)]


class LogHarness:
    """A simulated disk with a list of the operations on it."""

    def __init__(self) -> None:
        self.files = SimulatedDisk()
        self.operations: list[str] = []
        self.files.before_operation = self.operations.append
        before_fsync = lambda: self.operations.append("before_fsync")  # noqa: E731
        self.disk = Disk(self.files, self.files.fsync, checkpoint_bytes=0, before_fsync=before_fsync)

    def open_log(self, *, existing: bytes = b"", last_seq: int = 0) -> WriteAheadLog:
        if existing:
            handle = self.files.open_append(PATHS.log)
            self.files.append(handle, existing)
            self.files.close(handle)
        log = WriteAheadLog(PATHS, self.disk)
        log.open(last_seq)
        self.operations.clear()
        return log

    def fail_on(self, *operations: str, error: BaseException | None = None) -> None:
        """Makes these operations fail from now on."""

        def before(operation: str) -> None:
            self.operations.append(operation)
            if operation in operations:
                raise error or OSError(errno.EIO, f"no {operation}")

        self.files.before_operation = before

    def stop_failing(self) -> None:
        self.files.before_operation = self.operations.append

    @property
    def data(self) -> bytes:
        return self.files.names[PATHS.log].data


@pytest.fixture
def harness() -> LogHarness:
    return LogHarness()


def test_a_torn_tail_is_cut_off_and_counted_and_the_rest_is_synced(
    harness: LogHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for nth, torn in ((1, b"half"), (2, b"x")):
        log = harness.open_log(existing=(RECORDS[0] if nth == 1 else b"") + torn)
        assert harness.data == harness.files.names[PATHS.log].synced == RECORDS[0]
        assert (log.size, log.seq) == (len(RECORDS[0]), 1)
        assert harness.disk.torn_tails == nth
        log.close()
    assert harness.disk.torn_bytes == len(b"half") + len(b"x")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_an_undamaged_log_is_synced_and_has_no_torn_tail(harness: LogHarness) -> None:
    harness.open_log(existing=RECORDS[0] + RECORDS[1])
    assert harness.files.names[PATHS.log].synced == RECORDS[0] + RECORDS[1]
    assert (harness.disk.torn_tails, harness.disk.torn_bytes) == (0, 0)


@pytest.mark.parametrize(("existing", "synced"), [(b"", True), (b"torn", True), (RECORDS[0], False)])
def test_opening_an_empty_log_syncs_its_directory_entry(harness: LogHarness, existing: bytes, synced: bool) -> None:
    harness.open_log(existing=existing)
    assert (PATHS.log in harness.files.synced) is synced


def test_a_log_may_be_missing_only_without_a_checkpoint(harness: LogHarness) -> None:
    with pytest.raises(StoreDamaged, match=r"box\.log: missing, although box\.json exists"):
        harness.open_log(last_seq=1)
    assert harness.open_log(last_seq=0).seq == 0


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StoreFull), (errno.EIO, StoreError)])
def test_a_half_written_record_is_cut_off_and_the_next_one_is_appended(
    harness: LogHarness, number: int, kind: type[StoreError]
) -> None:
    log = harness.open_log(existing=RECORDS[0])
    harness.fail_on("append", error=OSError(number, "no"))
    with pytest.raises(kind, match=f"{len(RECORDS[1])} bytes could not be written") as refused:
        log.append(b"[]")
    assert type(refused.value) is kind
    assert (harness.data, log.size, log.seq) == (RECORDS[0], len(RECORDS[0]), 1)
    harness.stop_failing()
    assert log.append(b"[]") == 2
    assert harness.data == RECORDS[0] + RECORDS[1]


def test_another_exception_during_a_write_is_raised_unchanged_and_the_write_is_undone(harness: LogHarness) -> None:
    log = harness.open_log()

    def interrupt(inode: Any, data: bytes) -> None:
        inode.data += data[:5]
        raise KeyboardInterrupt

    harness.files.during_append = interrupt
    with pytest.raises(KeyboardInterrupt):
        log.append(b"[]")
    assert (harness.data, log.size, log.seq) == (b"", 0, 0)


def test_a_half_written_record_that_cannot_be_cut_off_fails_the_store(harness: LogHarness) -> None:
    log = harness.open_log()
    harness.fail_on("append", "truncate")
    with pytest.raises(StoreError, match=r"box\.log: cutting off an incomplete record failed"):
        log.append(b"[]")
    harness.stop_failing()
    with pytest.raises(StoreError, match="the store accepts no more writes"):
        log.append(b"[]")
    assert harness.operations[-1] != "append"


def test_after_a_failure_of_the_store_append_and_sync_are_refused(harness: LogHarness) -> None:
    log = harness.open_log()
    log.append(b"[]")
    harness.operations.clear()
    harness.disk.failure = "broken"
    for call in (lambda: log.append(b"[]"), lambda: log.sync(1)):
        with pytest.raises(StoreError, match=r"^broken$"):
            call()
    assert harness.operations == []


def test_one_fsync_covers_all_earlier_records_and_first_calls_before_fsync(harness: LogHarness) -> None:
    log = harness.open_log()
    assert [log.append(b"[]"), log.append(b"[]")] == [1, 2]
    harness.operations.clear()
    log.sync(1)
    log.sync(2)
    assert harness.operations == ["before_fsync", "fsync"]
    assert harness.files.names[PATHS.log].synced == harness.data
    log.append(b"[]")
    harness.operations.clear()
    log.sync(2)
    assert harness.operations == []
    log.sync(3)
    assert harness.operations == ["before_fsync", "fsync"]


def test_an_fsync_that_fails_is_not_tried_again(harness: LogHarness) -> None:
    log = harness.open_log()
    log.append(b"[]")
    harness.fail_on("fsync")
    with pytest.raises(StoreError, match=r"box\.log: fsync failed \(.*no fsync\)"):
        log.sync(1)
    harness.stop_failing()
    with pytest.raises(StoreError, match=r"box\.log: fsync failed"):
        log.sync(1)


def test_a_record_has_its_time_and_the_log_remembers_the_newest_time(harness: LogHarness) -> None:
    log = harness.open_log()
    log.append(b"[]")
    assert log.written is None
    log.clock = lambda: (5, 6)
    log.append(b"[]")
    log.clock = lambda: None
    log.append(b"[]")
    assert log.written == (5, 6)
    assert harness.data == RECORDS[0] + log_format.encode(2, (5, 6), b"[]") + RECORDS[2]


def test_rotation_starts_a_new_file_with_the_next_number_and_keeps_the_old_file(harness: LogHarness) -> None:
    log = harness.open_log()
    log.append(b"[]")
    log.append(b"[]")
    unfinished = harness.files.open_append(temporary_path(PATHS.log))  # A process died while it wrote this file.
    harness.files.append(unfinished, b"half")
    harness.files.close(unfinished)
    log.rotate()
    assert (harness.data, log.size, log.seq) == (b"", 0, 2)
    assert harness.files.read(PATHS.previous_log) == RECORDS[0] + RECORDS[1]
    assert harness.files.synced.keys() == harness.files.names.keys()
    assert temporary_path(PATHS.log) not in harness.files.names
    harness.operations.clear()
    log.sync(2)  # The checkpoint has it.
    assert harness.operations == []
    assert log.append(b"[]") == 3
    assert (harness.data, log.size) == (RECORDS[2], len(RECORDS[2]))
    log.rotate()
    assert harness.files.read(PATHS.previous_log) == RECORDS[2]
    log.close()
    assert harness.files.handles == {}


@pytest.mark.parametrize("operation", ["keep", "replace"])
def test_a_rotation_that_fails_keeps_the_old_file_in_use(harness: LogHarness, operation: str) -> None:
    log = harness.open_log()
    log.append(b"[]")
    harness.fail_on(operation)
    with pytest.raises(OSError, match=f"no {operation}"):
        log.rotate()
    harness.stop_failing()
    assert len(harness.files.handles) == 1
    assert log.append(b"[]") == 2
    assert harness.data == RECORDS[0] + RECORDS[1]


def test_a_rotation_whose_directory_cannot_be_synced_fails_the_store(harness: LogHarness) -> None:
    log = harness.open_log()
    harness.fail_on("sync_directory")
    with pytest.raises(StoreError, match=r"^/disk: fsync failed"):
        log.rotate()
    assert len(harness.files.handles) == 1
    harness.stop_failing()
    with pytest.raises(StoreError, match="accepts no more writes"):
        log.append(b"[]")


def start_handles_at_0(harness: LogHarness) -> None:
    harness.files._next_handle = -1


@pytest.mark.parametrize("prepare", [lambda harness: None, start_handles_at_0])
def test_a_closed_log_closes_its_file_once_and_refuses_to_sync(
    harness: LogHarness, prepare: Callable[[LogHarness], None]
) -> None:
    prepare(harness)
    log = harness.open_log()
    log.append(b"[]")
    log.sync(1)
    log.append(b"[]")
    for _ in range(2):
        log.close()
        assert harness.files.handles == {}
    log.sync(1)
    with pytest.raises(StoreError, match=r"box\.log: closed before the fsync of record 2"):
        log.sync(2)


def test_a_log_that_was_never_opened_can_be_closed(harness: LogHarness) -> None:
    WriteAheadLog(PATHS, harness.disk).close()
    assert harness.operations == []
