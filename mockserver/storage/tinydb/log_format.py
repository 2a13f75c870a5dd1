"""How a log is written and read: a JSON line per committed transaction.

    {"v":2,"seq":7,"crc":"0820f680","t":1767225600000000,"w":1795335487000000,"ops":[["drop","employees",1]]}

``v`` is the schema. The checksum is the CRC-32 of the line without its ``"crc"`` member. ``t`` and ``w`` say when the
line was written, by the sandbox's clock and by the machine's, in microseconds; lines of schema 1, and those of a store
that was never told the time, have neither. JSON escapes newlines, so a line is a record.
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
"""The frame is all that schemas have in common: so a newer one is known for what it is, and not cut off as torn."""
_body = re.compile(rb'(?:"t":(-?\d{1,18}),"w":(-?\d{1,18}),)?"ops":(\[.*\])\}')
_start = re.compile(rb'\{"v":\d{1,9},"seq":')


def encode(seq: int, written: WriteTimes | None, ops: bytes) -> bytes:
    """One record, its ops in JSON, as the line that goes into the file."""
    head = b'{"v":%d,"seq":%d,' % (schema.SCHEMA, seq)
    times = b'"t":%d,"w":%d,"ops":' % written if written else b'"ops":'
    crc = zlib.crc32(b"}", zlib.crc32(ops, zlib.crc32(times, zlib.crc32(head))))
    return b"".join((head, b'"crc":"%08x",' % crc, times, ops, b"}\n"))


def _decode(line: bytes) -> tuple[int, int, bytes] | None:
    """Schema, seq and what follows the checksum; None if the line is not what was written."""
    match = _line.fullmatch(line)
    if match is None:
        return None
    version, seq, crc, body = match.groups()
    if zlib.crc32(body, zlib.crc32(b'{"v":%b,"seq":%b,' % (version, seq))) != int(crc, 16):
        return None
    return int(version), int(seq), body


@dataclass(slots=True)
class LogScan:
    """What a log's bytes say: each record newer than last_seq, how far the bytes are good, and what is wrong then."""

    last_seq: int
    seq: int
    size: int = 0
    schema: int | None = None
    damage: str | None = None
    written: WriteTimes | None = None
    """When the newest of these records was written, if it says so."""
    _ops: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._ops)

    def ops(self) -> Iterator[Ops]:
        """The writes of each record, in order."""
        return map(json.loads, self._ops)

    def _accept(self, version: int, seq: int, body: bytes) -> bool:
        """Whether it is a record that this server knows how to read."""
        match = _body.fullmatch(body)
        if match is not None and seq > self.last_seq:
            sandbox, machine, ops = match.groups()
            self.schema, self.seq = version, seq
            self.written = (int(sandbox), int(machine)) if sandbox else None
            self._ops.append(ops)
        return match is not None


def scan_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """The records behind last_seq up to the first damage; a torn tail at the very end is none."""
    reading, number, due = LogScan(last_seq, last_seq), 0, None
    while reading.size < len(data):
        number += 1
        end = data.find(b"\n", reading.size)
        frame = _decode(data[reading.size : end]) if end >= 0 else None
        if frame is None:
            reading.damage = _describe_damage(data, reading.size, number)
            break
        schema.refuse_newer(frame[0], f"{path}: line {number}")
        reading.damage = _check_sequence(number, reading.size, frame[1], last_seq, due)
        if not reading.damage and not reading._accept(*frame):
            reading.damage = f"line {number} at byte {reading.size} is no record of schema {frame[0]}"
        if reading.damage:
            break
        due, reading.size = frame[1] + 1, end + 1
    return reading


def read_records(path: Path, data: bytes, last_seq: int) -> LogScan:
    """The records behind last_seq; StoreDamaged when anything but the very end is not what was written."""
    reading = scan_records(path, data, last_seq)
    if reading.damage:
        raise StoreDamaged(f"{path}: {reading.damage}; nothing was changed, and `testmode state check` tells more")
    return reading


def _describe_damage(data: bytes, offset: int, number: int) -> str | None:
    for match in _start.finditer(data, offset + 1):
        end = data.find(b"\n", match.start())
        if end >= 0 and _decode(data[match.start() : end]) is not None:
            start = match.start()
            return f"line {number} at byte {offset} is damaged, and good records follow it from byte {start}"
    return None


def _check_sequence(number: int, offset: int, seq: int, last_seq: int, due: int | None) -> str | None:
    good = seq <= last_seq + 1 if due is None else seq == due
    wanted = last_seq + 1 if due is None else due
    where = f"line {number} at byte {offset}"
    return None if good else f"{where} has seq {seq} where {wanted} was due, so records are missing"
