"""Encodes and reads logs, which have one JSON line for each committed transaction.

    {"v":2,"seq":7,"crc":"0820f680","t":1767225600000000,"w":1795335487000000,"ops":[["drop","employees",1]]}

``v`` is the schema version. ``crc`` is the CRC-32 of the line without the member ``crc``. ``t`` and ``w`` are the time
of the write by the sandbox's clock and by the wall clock, in microseconds since 1970. Lines of schema 1, and lines
written without a time source, do not have them. JSON escapes newlines, so each line is one record.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.storage.base import StoreDamaged, WriteTimes
from mockserver.storage.tinydb import schema

Ops = list[list[Any]]
"""The writes of one transaction: ``["put", table, n, record]``, ``["drop", table, n]``, ``["load", state]`` or
``["write", tables]``."""

_line = re.compile(rb'\{"v":(\d{1,9}),"seq":(\d{1,18}),"crc":"([0-9a-f]{8})",(.*\})')
"""The frame of a line is the same in all schemas, so that a line of a newer schema is not cut off as a torn tail."""
_body = re.compile(rb'(?:"t":(-?\d{1,18}),"w":(-?\d{1,18}),)?"ops":(\[.*\])\}')
_start = re.compile(rb'\{"v":\d{1,9},"seq":')


def encode(seq: int, written: WriteTimes | None, ops: bytes) -> bytes:
    """Returns the line of one record; ``ops`` is already JSON."""
    head = b'{"v":%d,"seq":%d,' % (schema.SCHEMA, seq)
    times = b'"t":%d,"w":%d,"ops":' % written if written else b'"ops":'
    crc = zlib.crc32(b"}", zlib.crc32(ops, zlib.crc32(times, zlib.crc32(head))))
    return b"".join((head, b'"crc":"%08x",' % crc, times, ops, b"}\n"))


class _Frame(NamedTuple):
    """The parts of an undamaged line; ``body`` is the part after the checksum."""

    schema: int
    seq: int
    body: bytes


def _decode(line: bytes) -> _Frame | None:
    """Returns the parts of a line; None if the line is damaged."""
    match = _line.fullmatch(line)
    if match is None:
        return None
    version, seq, crc, body = match.groups()
    if zlib.crc32(body, zlib.crc32(b'{"v":%b,"seq":%b,' % (version, seq))) != int(crc, 16):
        return None
    return _Frame(int(version), int(seq), body)


@dataclass(slots=True)
class LogScan:
    """The undamaged content of a log, and the first damage."""

    last_seq: int
    """The seq of the newest record that the checkpoint contains; the scan skips the records up to it."""
    seq: int
    """The seq of the newest record in the checkpoint or in the log."""
    size: int = 0
    """Bytes of the undamaged part."""
    schema: int | None = None
    damage: str | None = None
    """The first damage in one sentence; None if there is none."""
    written: WriteTimes | None = None
    """When the newest record of the log was written; None if it has no time."""
    _ops: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._ops)

    def ops(self) -> Iterator[Ops]:
        """Returns the writes of each record, in order."""
        return map(json.loads, self._ops)

    def _accept(self, frame: _Frame) -> bool:
        """Adds the record unless the checkpoint contains it; returns whether its body can be parsed."""
        match = _body.fullmatch(frame.body)
        if match is not None and frame.seq > self.last_seq:
            sandbox_time, wall_time, ops = match.groups()
            self.schema, self.seq = frame.schema, frame.seq
            self.written = (int(sandbox_time), int(wall_time)) if sandbox_time else None
            self._ops.append(ops)
        return match is not None


def scan_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """Reads the records newer than ``last_seq`` up to the first damage; a torn tail is not damage."""
    scan, line_number, expected_seq = LogScan(last_seq, last_seq), 0, None
    while scan.size < len(data):
        line_number += 1
        end = data.find(b"\n", scan.size)
        frame = _decode(data[scan.size : end]) if end >= 0 else None
        if frame is None:
            scan.damage = _describe_damage(data, scan.size, line_number)
            break
        schema.refuse_newer(frame.schema, f"{path}: line {line_number}")
        scan.damage = _check_sequence(line_number, scan.size, frame.seq, last_seq, expected_seq)
        if not scan.damage and not scan._accept(frame):
            scan.damage = f"line {line_number} at byte {scan.size} is not a record of schema {frame.schema}"
        if scan.damage:
            break
        expected_seq, scan.size = frame.seq + 1, end + 1
    return scan


def read_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """Reads the records newer than ``last_seq``; raises StoreDamaged for any damage except a torn tail."""
    scan = scan_records(path, data, last_seq)
    if scan.damage:
        raise StoreDamaged(f"{path}: {scan.damage}; nothing was changed; `testmode state check` shows more")
    return scan


def _describe_damage(data: bytes, offset: int, line_number: int) -> str | None:
    """Describes a damaged line; returns None for a torn tail, which no undamaged line follows."""
    for match in _start.finditer(data, offset + 1):
        end = data.find(b"\n", match.start())
        if end >= 0 and _decode(data[match.start() : end]) is not None:
            start = match.start()
            return f"line {line_number} at byte {offset} is damaged, and undamaged records follow it from byte {start}"
    return None


def _check_sequence(line_number: int, offset: int, seq: int, last_seq: int, expected_seq: int | None) -> str | None:
    """Describes a gap before a line, if there is one; ``expected_seq`` is None for the first line."""
    # The first lines can be records that the checkpoint contains already.
    is_valid = seq <= last_seq + 1 if expected_seq is None else seq == expected_seq
    next_seq = last_seq + 1 if expected_seq is None else expected_seq
    where = f"line {line_number} at byte {offset}"
    return None if is_valid else f"{where} has seq {seq} instead of {next_seq}, so records are missing"
