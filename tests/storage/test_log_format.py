"""The lines of a log: which are a torn tail, and which are damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.storage.base import StoreDamaged
from mockserver.storage.tinydb import log_format
from mockserver.storage.tinydb.disk import Disk, SandboxPaths
from mockserver.storage.tinydb.log import WriteAheadLog
from tests.support.failing_disk import ROOT, SimulatedDisk

PATH = Path("box.log")
COMPLETE_LINES = [log_format.encode(seq, (seq, seq), b"[]") for seq in range(1, 5)]


def tear(line: bytes) -> bytes:
    """Returns a line of the same length with a wrong checksum."""
    return line.replace(b"[]", b"{}")


def test_two_torn_lines_at_the_end_are_a_torn_tail() -> None:
    data = b"".join(COMPLETE_LINES[:2])
    for tail in (
        tear(COMPLETE_LINES[2]) + tear(COMPLETE_LINES[3]),
        tear(COMPLETE_LINES[2]) + COMPLETE_LINES[3][:-1],
        COMPLETE_LINES[2][:-1] + tear(COMPLETE_LINES[3]),
    ):
        reading = log_format.read_records(PATH, data + tail, 0)
        assert (reading.seq, reading.size, len(reading)) == (2, len(data), 2)


def test_a_good_line_after_two_torn_lines_makes_them_damage() -> None:
    data = COMPLETE_LINES[0] + tear(COMPLETE_LINES[1]) + tear(COMPLETE_LINES[2]) + COMPLETE_LINES[3]
    with pytest.raises(
        StoreDamaged, match=f"line 2 at byte {len(COMPLETE_LINES[0])} is damaged, and undamaged records follow it"
    ):
        log_format.read_records(PATH, data, 0)


def test_a_log_of_torn_lines_only_is_empty() -> None:
    reading = log_format.read_records(PATH, tear(COMPLETE_LINES[0]) + tear(COMPLETE_LINES[1]), 0)
    assert (reading.seq, reading.size, len(reading)) == (0, 0, 0)


@pytest.mark.parametrize(("first", "last_seq", "fits"), [(1, 0, True), (3, 2, True), (2, 2, True), (4, 2, False)])
def test_a_log_begins_at_or_before_the_record_after_the_checkpoint(first: int, last_seq: int, fits: bool) -> None:
    data = b"".join(COMPLETE_LINES[first - 1 :])
    if fits:
        assert len(log_format.read_records(PATH, data, last_seq)) == 4 - last_seq
        return
    with pytest.raises(StoreDamaged, match="line 1 at byte 0 has seq 4 instead of 3, so records are missing"):
        log_format.read_records(PATH, data, last_seq)


def test_a_missing_record_and_a_repeated_record_are_damage() -> None:
    for data, seq in ((COMPLETE_LINES[0] + COMPLETE_LINES[2], 3), (COMPLETE_LINES[0] + COMPLETE_LINES[0], 1)):
        with pytest.raises(StoreDamaged, match=f"line 2 at byte {len(COMPLETE_LINES[0])} has seq {seq} instead of 2"):
            log_format.read_records(PATH, data, 0)


def test_only_records_newer_than_the_checkpoint_are_replayed_and_the_log_keeps_all() -> None:
    data = b"".join(COMPLETE_LINES)
    reading = log_format.read_records(PATH, data, 3)
    assert (reading.seq, reading.size, list(reading.ops()), reading.written) == (4, len(data), [[]], (4, 4))
    assert (log_format.read_records(PATH, data, 4).seq, log_format.read_records(PATH, data, 4).written) == (4, None)


@pytest.mark.parametrize("seq", [1, 10**18 - 1])
@pytest.mark.parametrize("written", [None, (0, 0), (-1, 1), (-(10**18 - 1), 10**18 - 1)])
def test_a_line_is_read_as_it_was_written_up_to_the_largest_numbers(seq: int, written: tuple[int, int] | None) -> None:
    reading = log_format.read_records(PATH, log_format.encode(seq, written, b"[[]]"), seq - 1)
    assert (reading.seq, reading.written, list(reading.ops())) == (seq, written, [[[]]])


def test_a_new_log_counts_its_bytes_from_zero(tmp_path: Path) -> None:
    files = SimulatedDisk()
    log = WriteAheadLog(SandboxPaths(ROOT, "box"), Disk(files, files.fsync, checkpoint_bytes=0))
    assert (log.size, log.seq, log.written) == (0, 0, None)
    assert len(log.open(0)) == 0
    sizes = []
    for seq in (1, 2):
        assert log.append(b"[]") == seq
        sizes.append(log.size)
    assert sizes == [
        len(log_format.encode(1, None, b"[]")),
        len(log_format.encode(1, None, b"[]") + log_format.encode(2, None, b"[]")),
    ]
    log.sync(2)
    log.close()
    assert files.handles == {}


@pytest.mark.parametrize("before", [b"x", b"\n", b"{", b'{"v":2,"seq":'])
def test_a_good_line_directly_after_damaged_bytes_is_found(before: bytes) -> None:
    for good in (b"", COMPLETE_LINES[0]):
        message = f"line {1 + bool(good)} at byte {len(good)} is damaged, and undamaged records follow it from byte "
        with pytest.raises(StoreDamaged, match=f"{message}{len(good) + len(before)}"):
            log_format.read_records(PATH, good + before + COMPLETE_LINES[1], 0)


def test_a_line_without_its_line_end_does_not_count_as_a_following_record() -> None:
    assert log_format.read_records(PATH, b"x" + COMPLETE_LINES[0][:-1], 0).size == 0
    assert log_format.read_records(PATH, b"\n", 0).size == 0
