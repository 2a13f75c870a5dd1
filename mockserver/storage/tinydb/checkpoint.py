"""A sandbox's tables in one file of plain TinyDB JSON, which ``TinyDB("file.json")`` opens.

The table ``_store`` comes first and holds one document of bookkeeping; its first member is the SHA-256 of every byte
behind that member, so a file can be checked without writing it again.
"""

from __future__ import annotations

import errno
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreDamaged, WriteTimes
from mockserver.storage.tinydb import schema
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, temporary_path
from mockserver.storage.tinydb.json_encoding import to_json
from mockserver.storage.tinydb.schema import Tables

METADATA_TABLE = "_store"

_FILE_PREFIX = b'{"_store":{"1":{"sha256":"'
_HASHED_START = len(_FILE_PREFIX) + 64


@dataclass(slots=True)
class Checkpoint:
    """Everything a sandbox keeps, as of the record last_seq; generation counts the checkpoints written so far."""

    last_seq: int = 0
    tables: Tables = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)
    generation: int = 0
    schema: int | None = None
    size: int = 0
    written: WriteTimes | None = None
    """When the record last_seq was written, if it says so."""


def encode(checkpoint: Checkpoint) -> bytes:
    """The checkpoint, which is of today's schema, as the bytes of its file."""
    book: dict[str, Any] = {
        "schema": schema.SCHEMA,
        "generation": checkpoint.generation,
        "last_seq": checkpoint.last_seq,
        "next_ids": checkpoint.next_ids,
    }
    if checkpoint.written:
        book["t"], book["w"] = checkpoint.written
    tables = to_json(checkpoint.tables)[1:]
    hashed = b'",%b}%b%b' % (to_json(book)[1:], b"" if tables == b"}" else b",", tables)
    return b"%b%b%b" % (_FILE_PREFIX, hashlib.sha256(hashed).hexdigest().encode(), hashed)


def decode(path: Path, data: bytes) -> Checkpoint:
    """What the file says; StoreDamaged unless it is byte for byte what was written."""
    hashed = data[_HASHED_START:]
    digest = hashlib.sha256(hashed).hexdigest().encode()
    if data[:_HASHED_START] != _FILE_PREFIX + digest:
        raise StoreDamaged(f"{path}: {_locate_damage(data)}")
    tables = json.loads(data)
    book = tables.pop(METADATA_TABLE)["1"]
    schema.refuse_newer(book["schema"], path)
    generation = book.get("generation", 0)  # files are older than the count of them
    written = (book["t"], book["w"]) if "t" in book else None
    return Checkpoint(book["last_seq"], tables, book["next_ids"], generation, book["schema"], len(data), written)


def _locate_damage(data: bytes) -> str:
    if not data.startswith(_FILE_PREFIX):
        return "damaged at byte 0: it does not begin as a checkpoint does"
    try:
        json.loads(data)
    except UnicodeDecodeError as error:
        return f"damaged at byte {error.start}: {error.reason}"
    except json.JSONDecodeError as error:
        return f"damaged at byte {len(error.doc[: error.pos].encode())}: {error.msg}"
    return f"damaged somewhere between byte {len(_FILE_PREFIX)} and {len(data)}: the SHA-256 differs"


def load(paths: SandboxPaths, disk: Disk) -> Checkpoint:
    """The checkpoint on the disk, or an empty one where there is none yet; StoreDamaged says what is left beside it."""
    data, path = disk.files.read(paths.checkpoint), paths.checkpoint
    left = [each.name for each in (paths.previous, paths.previous_log) if disk.files.exists(each)]
    if data is None and not left:
        return Checkpoint()
    try:
        if data is None:
            raise StoreDamaged(f"{path}: missing from byte 0")
        return decode(path, data)
    except StoreDamaged as damage:
        beside = f"; `testmode state repair` goes back to {' and '.join(left)}" if left else ""
        raise StoreDamaged(f"{damage}{beside}; nothing was changed") from None


def save(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> int:
    """Put the checkpoint in place of the last, which stays as the previous one, and answer its size."""
    data = _write_temporary(paths, disk, checkpoint)
    if disk.files.exists(paths.checkpoint):
        disk.files.unlink(paths.previous)
        disk.files.link_or_copy(paths.checkpoint, paths.previous)
    _rename_into_place(paths, disk)
    return len(data)


def replace(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> None:
    """Put the checkpoint in place of the last, which is no good, and leave the previous one alone."""
    _write_temporary(paths, disk, checkpoint)
    _rename_into_place(paths, disk)


def _write_temporary(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> bytes:
    """Write the checkpoint under another name, and read it back."""
    data, draft = encode(checkpoint), temporary_path(paths.checkpoint)
    try:
        _write(draft, disk, data)
        if disk.files.read(draft) != data:
            raise OSError(errno.EIO, "what was read back is not what was written", str(draft))
    except OSError:
        disk.files.unlink(draft)
        raise
    return data


def _rename_into_place(paths: SandboxPaths, disk: Disk) -> None:
    disk.files.replace(temporary_path(paths.checkpoint), paths.checkpoint)
    disk.files.sync_directory(paths.directory)


def _write(path: Path, disk: Disk, data: bytes) -> None:
    disk.files.unlink(path)
    handle = disk.files.create(path)
    try:
        disk.files.append(handle, data)
        disk.fsync(handle)
    finally:
        disk.files.close(handle)
