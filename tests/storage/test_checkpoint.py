"""A checkpoint replaces the previous one only after it was read back as the bytes that were written."""

from __future__ import annotations

import errno
from hashlib import sha256

import pytest

from mockserver.storage.base import StoreDamaged
from mockserver.storage.tinydb import checkpoint
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path
from tests.support.failing_disk import ROOT, SimulatedDisk

PATHS = SandboxPaths(ROOT, "box")


def make_disk() -> tuple[SimulatedDisk, Disk]:
    files = SimulatedDisk()
    return files, Disk(files, files.fsync, checkpoint_bytes=0)


def make_checkpoint(n: int) -> Checkpoint:
    return Checkpoint(n, {"people": {str(i): {"id": f"p{i}"} for i in range(1, n + 1)}}, {"people": n + 1}, n)


class CorruptingDisk(SimulatedDisk):
    """A disk that returns a changed last byte for a temporary file."""

    def read(self, path):  # type: ignore[no-untyped-def]
        data = super().read(path)
        return data if data is None or path != temporary_path(PATHS.checkpoint) else data[:-1] + b"]"


def test_a_checkpoint_that_reads_back_differently_changes_nothing() -> None:
    files, good = make_disk()
    checkpoint.save(PATHS, good, make_checkpoint(1))
    bad = CorruptingDisk(files.names)
    before = dict(files.names)
    for store in (checkpoint.save, checkpoint.replace):
        with pytest.raises(OSError, match="the bytes read back are not the bytes written") as refused:
            store(PATHS, Disk(bad, bad.fsync, checkpoint_bytes=0), make_checkpoint(2))
        assert refused.value.errno == errno.EIO
        assert bad.names == before
    assert checkpoint.load(PATHS, good).last_seq == 1


def test_saving_keeps_the_last_checkpoint_as_previous_and_replacing_does_not() -> None:
    files, disk = make_disk()
    for n in (1, 2, 3):
        assert checkpoint.save(PATHS, disk, make_checkpoint(n)) == len(checkpoint.encode(make_checkpoint(n)))
    assert files.read(PATHS.previous_checkpoint) == checkpoint.encode(make_checkpoint(2))
    checkpoint.replace(PATHS, disk, make_checkpoint(4))
    assert files.read(PATHS.checkpoint) == checkpoint.encode(make_checkpoint(4))
    assert files.read(PATHS.previous_checkpoint) == checkpoint.encode(make_checkpoint(2))
    assert temporary_path(PATHS.checkpoint) not in files.names
    assert files.handles == {}
    assert files.synced == files.names


def test_a_temporary_file_of_a_dead_process_does_not_prevent_a_checkpoint() -> None:
    files, disk = make_disk()
    handle = files.create(temporary_path(PATHS.checkpoint))
    files.append(handle, b"half")
    checkpoint.save(PATHS, disk, make_checkpoint(1))
    assert checkpoint.load(PATHS, disk).tables == make_checkpoint(1).tables


@pytest.mark.parametrize("n", [0, 1, 40])
def test_a_checkpoint_is_read_as_it_was_written(n: int) -> None:
    for written in (None, (5, 0), (-7, 10**17)):
        original = make_checkpoint(n)
        original.written = written
        read = checkpoint.decode(PATHS.checkpoint, checkpoint.encode(original))
        assert (read.last_seq, read.generation, read.written) == (n, n, written)
        assert (read.tables, read.next_ids) == (original.tables, original.next_ids)
        assert read.size == len(checkpoint.encode(original))


def test_a_checkpoint_that_is_one_byte_short_or_long_is_damaged() -> None:
    data = checkpoint.encode(make_checkpoint(2))
    for wrong in (data[:-1], data + b" ", b" " + data, data[1:], b""):
        with pytest.raises(StoreDamaged, match="damaged"):
            checkpoint.decode(PATHS.checkpoint, wrong)


def test_without_files_the_checkpoint_is_empty_and_a_missing_checkpoint_is_an_error() -> None:
    files, disk = make_disk()
    assert checkpoint.load(PATHS, disk) == Checkpoint()
    checkpoint.save(PATHS, disk, make_checkpoint(1))
    checkpoint.save(PATHS, disk, make_checkpoint(2))
    files.unlink(PATHS.checkpoint)
    with pytest.raises(
        StoreDamaged, match=r"missing from byte 0; `testmode state repair` restores it from box\.json\.prev"
    ):
        checkpoint.load(PATHS, disk)


@pytest.mark.parametrize(("generation", "expected"), [(b"", 0), (b'"generation":7,', 7)])
def test_a_checkpoint_without_a_generation_has_generation_0(generation: bytes, expected: int) -> None:
    hashed = b'","schema":1,%b"last_seq":3,"next_ids":{"a":2}}},"a":{"1":{"id":"x"}}}' % generation
    data = b'{"_store":{"1":{"sha256":"' + sha256(hashed).hexdigest().encode() + hashed
    found = checkpoint.decode(PATHS.checkpoint, data)
    assert (found.generation, found.last_seq, found.schema, found.written) == (expected, 3, 1, None)
    assert (found.tables, found.next_ids) == ({"a": {"1": {"id": "x"}}}, {"a": 2})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"p1", b"p\xff", r"damaged at byte %d: invalid start byte"),
        (b'"p2"', b'"p2,', r"damaged at byte \d+: "),
        (b'"p1"', b'p"1"', r"damaged at byte %d: Expecting value"),
        (b"p1", b"p7", r"damaged somewhere between byte 26 and \d+: the SHA-256 does not match"),
        (b'{"_store"', b'{"store"', r"damaged at byte 0: it does not begin with the header of a checkpoint"),
    ],
)
def test_the_error_tells_where_a_checkpoint_is_damaged(old: bytes, new: bytes, message: str) -> None:
    data = checkpoint.encode(make_checkpoint(2))
    at = data.index(old) + (new[0] == old[0])
    with pytest.raises(StoreDamaged, match=rf"box\.json: {message.replace('%d', str(at))}"):
        checkpoint.decode(PATHS.checkpoint, data.replace(old, new))


def test_a_saved_or_replaced_checkpoint_survives_a_power_loss() -> None:
    for store in (checkpoint.save, checkpoint.replace):
        files, disk = make_disk()
        store(PATHS, disk, make_checkpoint(2))
        again = files.image().recover("power lost, nothing unsynced is there")
        assert checkpoint.load(PATHS, Disk(again, again.fsync, checkpoint_bytes=0)).tables == make_checkpoint(2).tables
