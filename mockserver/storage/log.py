"""The write-ahead log of one sandbox: a JSON line per committed transaction, in the file before the reply goes out.

    {"v":1,"seq":7,"crc":"1c291ca3","ops":[["put","employees",3,{"id":"emp_3"}],["drop","employees",1]]}

The checksum is the CRC-32 of the line without its ``"crc"`` member. JSON escapes newlines, so a line is a record.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreDamaged, StoreError
from mockserver.storage.disk import Disk, to_json

VERSION = 1
Ops = list[list[Any]]
"""The writes of one transaction: ``["put", table, n, record]``, ``["drop", table, n]`` or ``["load", state]``."""

_log = logging.getLogger(__name__)
_line = re.compile(rb'\{"v":(\d{1,9}),"seq":(\d{1,18}),"crc":"([0-9a-f]{8})",("ops":\[.*\]\})')
_start = re.compile(rb'\{"v":\d{1,9},"seq":')


def encode(seq: int, ops: Ops) -> bytes:
    """One record as the line that goes into the file."""
    tail = b'"ops":%b}' % to_json(ops)
    head = b'{"v":%d,"seq":%d,' % (VERSION, seq)
    return b'%b"crc":"%08x",%b\n' % (head, zlib.crc32(tail, zlib.crc32(head)), tail)


def _decode(line: bytes) -> tuple[int, int, bytes] | None:
    """Version, seq and the JSON of the ops; None if the line is not what was written."""
    match = _line.fullmatch(line)
    if match is None:
        return None
    version, seq, crc, tail = match.groups()
    head = b'{"v":%b,"seq":%b,' % (version, seq)
    if zlib.crc32(tail, zlib.crc32(head)) != int(crc, 16):
        return None
    return int(version), int(seq), tail


@dataclass(slots=True)
class Reading:
    """What a log's bytes say: the JSON of each record newer than the checkpoint, and how far they are good."""

    seq: int
    size: int = 0
    tails: list[bytes] = field(default_factory=list)

    def ops(self) -> Iterator[Ops]:
        """The writes of each record, in order."""
        for tail in self.tails:
            yield json.loads(b"{" + tail)["ops"]


def read(path: Path, data: bytes, last_seq: int) -> Reading:
    """The records behind last_seq; StoreDamaged when anything but the very end is not what was written."""
    reading, number, previous = Reading(last_seq), 0, None
    while reading.size < len(data):
        number += 1
        end = data.find(b"\n", reading.size)
        frame = _decode(data[reading.size : end]) if end >= 0 else None
        if frame is None:
            _refuse_if_good_record_follows(path, data, reading.size, number)
            break
        version, seq, tail = frame
        if version > VERSION:
            raise StoreError(f"{path}: line {number} is of version {version}; this server knows {VERSION}")
        _refuse_gap(path, number, reading.size, seq, last_seq, previous)
        if seq > last_seq:
            reading.tails.append(tail)
            reading.seq = seq
        previous, reading.size = seq, end + 1
    return reading


def _refuse_if_good_record_follows(path: Path, data: bytes, offset: int, number: int) -> None:
    for match in _start.finditer(data, offset + 1):
        end = data.find(b"\n", match.start())
        if end >= 0 and _decode(data[match.start() : end]) is not None:
            raise StoreDamaged(
                f"{path}: line {number} at byte {offset} is damaged, and good records follow it from byte "
                f"{match.start()}; nothing was changed"
            )


def _refuse_gap(path: Path, number: int, offset: int, seq: int, last_seq: int, previous: int | None) -> None:
    good = seq <= last_seq + 1 if previous is None else seq == previous + 1
    if not good:
        wanted = (last_seq if previous is None else previous) + 1
        raise StoreDamaged(
            f"{path}: line {number} at byte {offset} has seq {seq} where {wanted} was due, so records are missing; "
            "nothing was changed"
        )


class Log:
    """The log file of one open sandbox."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path, self._disk, self._files = path, disk, disk.files
        self._handle = -1
        self._syncing = threading.Lock()
        self._seq = self._synced = 0
        self.size = 0

    @property
    def seq(self) -> int:
        """The number of the newest record, in the log or in the checkpoint before it."""
        return self._seq

    def open(self, last_seq: int) -> Iterator[Ops]:
        """Begin to append, and answer what was written behind last_seq; a torn tail is cut off with a warning."""
        data = self._files.read(self._path)
        reading = read(self._path, data or b"", last_seq)
        self._handle = self._files.open_append(self._path)
        self._seq = self._synced = reading.seq
        self.size = reading.size
        if data is None:
            self._files.sync_directory(self._path.parent)
        else:
            self._tidy(len(data), bool(reading.tails))
        return reading.ops()

    def _tidy(self, found: int, newer: bool) -> None:
        if self.size < found:
            _log.warning("%s: torn tail cut off at byte %d, %d bytes dropped", self._path, self.size, found - self.size)
        if not newer:  # a crash came between a checkpoint and the emptying of its log
            self.size = 0
        if self.size < found:
            self._files.truncate(self._handle, self.size)
            self._disk.fsync(self._handle)

    def append(self, ops: Ops) -> int:
        """Put one record at the end and answer its seq; StoreError when it could not be, and then nothing is there.

        The caller holds the sandbox's lock; whether the record is on the disk is for ``sync`` to say.
        """
        self._disk.refuse_if_failed()
        line = encode(self._seq + 1, ops)
        try:
            self._files.append(self._handle, line)
        except BaseException as error:
            self._rewind()
            if isinstance(error, OSError):
                raise StoreError(f"{self._path}: {len(line)} bytes could not be written ({error})") from error
            raise
        self.size += len(line)
        self._seq += 1
        return self._seq

    def _rewind(self) -> None:
        try:
            self._files.truncate(self._handle, self.size)
        except OSError as error:
            raise self._disk.fail(self._path, "cutting off a half written record", error) from error

    def sync(self, seq: int) -> None:
        """Wait until the record of that seq is on the disk; the first to come does it for all that wait behind."""
        with self._syncing:
            if self._synced >= seq:
                return
            self._disk.refuse_if_failed()
            if self._handle < 0:
                raise StoreError(f"{self._path}: closed before record {seq} was known to be on the disk")
            newest = self._seq
            try:
                self._disk.fsync(self._handle)
            except OSError as error:
                raise self._disk.fail(self._path, "fsync", error) from error
            self._synced = newest

    def empty(self) -> None:
        """Begin anew after a checkpoint has taken in every record."""
        with self._syncing:
            self._files.truncate(self._handle, 0)
            self.size = 0
            self._synced = self._seq

    def close(self) -> None:
        """Let go of the file; who still waits for a record gets StoreError."""
        with self._syncing:
            handle, self._handle = self._handle, -1
            if handle >= 0:
                self._files.close(handle)
