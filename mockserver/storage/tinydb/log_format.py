"""The format of a log: one JSON line for each committed transaction.

    {"v":2,"seq":7,"crc":"0820f680","t":1767225600000000,"w":1795335487000000,"ops":[["drop","employees",1]]}

``v`` is the schema. The checksum is the CRC-32 of the line without its ``"crc"`` member. ``t`` and ``w`` are the
time of the write by the sandbox's clock and by the wall clock, in microseconds since 1970. Lines of schema 1, and of a
store without a time source, do not have them. JSON escapes newlines, so each line is one record.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreDamaged, WriteTimes
from mockserver.storage.tinydb import schema

Ops = list[list[Any]]
"""The writes of one transaction: ``["put", table, n, record]``, ``["drop", table, n]``, ``["load", state]`` or
``["write", tables]``."""

_line = re.compile(rb'\{"v":(\d{1,9}),"seq":(\d{1,18}),"crc":"([0-9a-f]{8})",(.*\})')
"""The frame is the same in all schemas, so that a line of a newer one is recognised and not cut off as a torn tail."""
_body = re.compile(rb'(?:"t":(-?\d{1,18}),"w":(-?\d{1,18}),)?"ops":(\[.*\])\}')
_start = re.compile(rb'\{"v":\d{1,9},"seq":')


def encode(seq: int, written: WriteTimes | None, ops: bytes) -> bytes:
    """Returns the line of one record; ``ops`` is already JSON."""
    head = b'{"v":%d,"seq":%d,' % (schema.SCHEMA, seq)
    times = b'"t":%d,"w":%d,"ops":' % written if written else b'"ops":'
    crc = zlib.crc32(b"}", zlib.crc32(ops, zlib.crc32(times, zlib.crc32(head))))
    return b"".join((head, b'"crc":"%08x",' % crc, times, ops, b"}\n"))


def _decode(line: bytes) -> tuple[int, int, bytes] | None:
    """Returns schema, seq and the part after the checksum; None if the line is damaged."""
    match = _line.fullmatch(line)
    if match is None:
        return None
    version, seq, crc, body = match.groups()
    if zlib.crc32(body, zlib.crc32(b'{"v":%b,"seq":%b,' % (version, seq))) != int(crc, 16):
        return None
    return int(version), int(seq), body


@dataclass(slots=True)
class LogScan:
    """The content of a log: its records newer than ``last_seq``, the size of the undamaged part, and the damage."""

    last_seq: int
    seq: int
    size: int = 0
    schema: int | None = None
    damage: str | None = None
    written: WriteTimes | None = None
    """When the newest of these records was written; None if it has no time."""
    _ops: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._ops)

    def ops(self) -> Iterator[Ops]:
        """Returns the writes of each record, in order."""
        return map(json.loads, self._ops)

    def _accept(self, version: int, seq: int, body: bytes) -> bool:
        """Adds the record if it is newer than ``last_seq``; returns whether its body can be parsed."""
        match = _body.fullmatch(body)
        if match is not None and seq > self.last_seq:
            sandbox, machine, ops = match.groups()
            self.schema, self.seq = version, seq
            self.written = (int(sandbox), int(machine)) if sandbox else None
            self._ops.append(ops)
        return match is not None


def scan_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """Reads the records newer than ``last_seq`` up to the first damage; a torn tail is not damage."""
    scan, number, expected = LogScan(last_seq, last_seq), 0, None
    while scan.size < len(data):
        number += 1
        end = data.find(b"\n", scan.size)
        frame = _decode(data[scan.size : end]) if end >= 0 else None
        if frame is None:
            scan.damage = _describe_damage(data, scan.size, number)
            break
        schema.refuse_newer(frame[0], f"{path}: line {number}")
        scan.damage = _check_sequence(number, scan.size, frame[1], last_seq, expected)
        if not scan.damage and not scan._accept(*frame):
            scan.damage = f"line {number} at byte {scan.size} is not a record of schema {frame[0]}"
        if scan.damage:
            break
        expected, scan.size = frame[1] + 1, end + 1
    return scan


def read_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """Reads the records newer than ``last_seq``; raises StoreDamaged for any damage except a torn tail."""
    scan = scan_records(path, data, last_seq)
    if scan.damage:
        raise StoreDamaged(f"{path}: {scan.damage}; nothing was changed; `testmode state check` shows more")
    return scan


def _describe_damage(data: bytes, offset: int, number: int) -> str | None:
    for match in _start.finditer(data, offset + 1):
        end = data.find(b"\n", match.start())
        if end >= 0 and _decode(data[match.start() : end]) is not None:
            start = match.start()
            return f"line {number} at byte {offset} is damaged, and undamaged records follow it from byte {start}"
    return None


def _check_sequence(number: int, offset: int, seq: int, last_seq: int, expected: int | None) -> str | None:
    valid = seq <= last_seq + 1 if expected is None else seq == expected
    next_seq = last_seq + 1 if expected is None else expected
    where = f"line {number} at byte {offset}"
    return None if valid else f"{where} has seq {seq} instead of {next_seq}, so records are missing"
