"""A checkpoint takes the place of the last only when the disk has it as it was written."""

from __future__ import annotations

import errno

import pytest

from mockserver.storage.base import StoreDamaged
from mockserver.storage.tinydb import checkpoint
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path
from tests.support.failing_disk import ROOT, SimulatedDisk

PATHS = SandboxPaths(ROOT, "box")


def disk() -> tuple[SimulatedDisk, Disk]:
    files = SimulatedDisk()
    return files, Disk(files, files.fsync, checkpoint_bytes=0)


def make_checkpoint(n: int) -> Checkpoint:
    return Checkpoint(n, {"people": {str(i): {"id": f"p{i}"} for i in range(1, n + 1)}}, {"people": n + 1}, n)


class FileLosingDisk(SimulatedDisk):
    """A disk that gives other bytes than it was given for whatever is not in place yet."""

    def read(self, path):  # type: ignore[no-untyped-def]
        data = super().read(path)
        return data if data is None or path != temporary_path(PATHS.checkpoint) else data[:-1] + b"]"


def test_a_checkpoint_that_is_read_back_as_other_bytes_changes_nothing() -> None:
    files, good = disk()
    checkpoint.save(PATHS, good, make_checkpoint(1))
    bad = FileLosingDisk(files.names)
    before = dict(files.names)
    for put in (checkpoint.save, checkpoint.replace):
        with pytest.raises(OSError, match="what was read back is not what was written") as refused:
            put(PATHS, Disk(bad, bad.fsync, checkpoint_bytes=0), make_checkpoint(2))
        assert refused.value.errno == errno.EIO
        assert bad.names == before
    assert checkpoint.load(PATHS, good).last_seq == 1


def test_a_checkpoint_leaves_the_last_as_the_previous_one_and_a_replacement_leaves_that_alone() -> None:
    files, kept = disk()
    for n in (1, 2, 3):
        assert checkpoint.save(PATHS, kept, make_checkpoint(n)) == len(checkpoint.encode(make_checkpoint(n)))
    assert files.read(PATHS.previous) == checkpoint.encode(make_checkpoint(2))
    checkpoint.replace(PATHS, kept, make_checkpoint(4))
    assert files.read(PATHS.checkpoint) == checkpoint.encode(make_checkpoint(4))
    assert files.read(PATHS.previous) == checkpoint.encode(make_checkpoint(2))
    assert temporary_path(PATHS.checkpoint) not in files.names
    assert files.handles == {}


def test_a_draft_that_a_dead_process_left_is_no_hindrance() -> None:
    files, kept = disk()
    handle = files.create(temporary_path(PATHS.checkpoint))
    files.append(handle, b"half")
    checkpoint.save(PATHS, kept, make_checkpoint(1))
    assert checkpoint.load(PATHS, kept).tables == make_checkpoint(1).tables


@pytest.mark.parametrize("n", [0, 1, 40])
def test_a_checkpoint_is_read_as_it_was_written(n: int) -> None:
    for written in (None, (5, 0), (-7, 10**17)):
        made = make_checkpoint(n)
        made.written = written
        read = checkpoint.decode(PATHS.checkpoint, checkpoint.encode(made))
        assert (read.last_seq, read.generation, read.written) == (n, n, written)
        assert (read.tables, read.next_ids) == (made.tables, made.next_ids)
        assert read.size == len(checkpoint.encode(made))


def test_a_checkpoint_that_is_one_byte_short_or_long_is_damaged() -> None:
    data = checkpoint.encode(make_checkpoint(2))
    for wrong in (data[:-1], data + b" ", b" " + data, data[1:], b""):
        with pytest.raises(StoreDamaged, match="damaged"):
            checkpoint.decode(PATHS.checkpoint, wrong)


def test_where_nothing_is_there_is_an_empty_checkpoint_and_where_one_is_missing_that_is_said() -> None:
    files, kept = disk()
    assert checkpoint.load(PATHS, kept) == Checkpoint()
    checkpoint.save(PATHS, kept, make_checkpoint(1))
    checkpoint.save(PATHS, kept, make_checkpoint(2))
    files.unlink(PATHS.checkpoint)
    with pytest.raises(
        StoreDamaged, match=r"missing from byte 0; `testmode state repair` goes back to box\.json\.prev"
    ):
        checkpoint.load(PATHS, kept)
