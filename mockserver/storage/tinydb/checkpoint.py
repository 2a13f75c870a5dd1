"""Reads and writes checkpoints: the tables of a sandbox in one file that ``TinyDB("file.json")`` can open.

The first table, ``_store``, contains one document of metadata. Its first member is the SHA-256 of all bytes after
that member, so a file can be verified without encoding it again.
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
"""The offset of the bytes that are hashed; the 64 digits of the SHA-256 are before it."""


@dataclass(slots=True)
class Checkpoint:
    """The state of a sandbox after the log record ``last_seq``; ``generation`` counts its checkpoints."""

    last_seq: int = 0
    tables: Tables = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)
    generation: int = 0
    schema: int | None = None
    """The schema version of the file; None if there is no file."""
    size: int = 0
    """Bytes of the file."""
    written: WriteTimes | None = None
    """When the record ``last_seq`` was written; None if it has no time."""


def encode(checkpoint: Checkpoint) -> bytes:
    """Returns the bytes of the checkpoint's file; the tables must be in the current schema."""
    metadata: dict[str, Any] = {
        "schema": schema.SCHEMA,
        "generation": checkpoint.generation,
        "last_seq": checkpoint.last_seq,
        "next_ids": checkpoint.next_ids,
    }
    if checkpoint.written:
        metadata["t"], metadata["w"] = checkpoint.written
    tables = to_json(checkpoint.tables)[1:]
    hashed = b'",%b}%b%b' % (to_json(metadata)[1:], b"" if tables == b"}" else b",", tables)
    return b"%b%b%b" % (_FILE_PREFIX, hashlib.sha256(hashed).hexdigest().encode(), hashed)


def decode(path: Path, data: bytes) -> Checkpoint:
    """Parses the bytes of a checkpoint's file; raises StoreDamaged if they do not match the checksum."""
    hashed = data[_HASHED_START:]
    digest = hashlib.sha256(hashed).hexdigest().encode()
    if data[:_HASHED_START] != _FILE_PREFIX + digest:
        raise StoreDamaged(f"{path}: {_locate_damage(data)}")
    tables = json.loads(data)
    metadata = tables.pop(METADATA_TABLE)["1"]
    schema.refuse_newer(metadata["schema"], path)
    generation = metadata.get("generation", 0)  # Checkpoints of old servers do not have it.
    written = (metadata["t"], metadata["w"]) if "t" in metadata else None
    return Checkpoint(
        metadata["last_seq"], tables, metadata["next_ids"], generation, metadata["schema"], len(data), written
    )


def _locate_damage(data: bytes) -> str:
    if not data.startswith(_FILE_PREFIX):
        return "damaged at byte 0: it does not begin with the header of a checkpoint"
    try:
        json.loads(data)
    except UnicodeDecodeError as error:
        return f"damaged at byte {error.start}: {error.reason}"
    except json.JSONDecodeError as error:
        return f"damaged at byte {len(error.doc[: error.pos].encode())}: {error.msg}"
    return f"damaged somewhere between byte {len(_FILE_PREFIX)} and {len(data)}: the SHA-256 does not match"


def load(paths: SandboxPaths, disk: Disk) -> Checkpoint:
    """Reads the checkpoint from the disk, or returns an empty one for a new sandbox.

    Raises StoreDamaged if the checkpoint is missing or damaged; the message names the files that can repair it.
    """
    data, path = disk.files.read(paths.checkpoint), paths.checkpoint
    repair_sources = [each.name for each in (paths.previous_checkpoint, paths.previous_log) if disk.files.exists(each)]
    if data is None and not repair_sources:
        return Checkpoint()
    try:
        if data is None:
            raise StoreDamaged(f"{path}: missing from byte 0")
        return decode(path, data)
    except StoreDamaged as damage:
        hint = f"; `testmode state repair` restores it from {' and '.join(repair_sources)}" if repair_sources else ""
        raise StoreDamaged(f"{damage}{hint}; nothing was changed") from None


def save(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> int:
    """Writes the checkpoint and returns its size in bytes; the replaced checkpoint becomes the previous one."""
    data = _write_temporary(paths, disk, checkpoint)
    if disk.files.exists(paths.checkpoint):
        disk.files.unlink(paths.previous_checkpoint)
        disk.files.link_or_copy(paths.checkpoint, paths.previous_checkpoint)
    _rename_into_place(paths, disk)
    return len(data)


def replace(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> None:
    """Replaces a damaged checkpoint; the previous checkpoint is not changed."""
    _write_temporary(paths, disk, checkpoint)
    _rename_into_place(paths, disk)


def _write_temporary(paths: SandboxPaths, disk: Disk, checkpoint: Checkpoint) -> bytes:
    """Writes the checkpoint under a temporary name and reads it back; raises OSError if the bytes differ."""
    data, temporary = encode(checkpoint), temporary_path(paths.checkpoint)
    try:
        _write(temporary, disk, data)
        if disk.files.read(temporary) != data:
            raise OSError(errno.EIO, "the bytes read back are not the bytes written", str(temporary))
    except OSError:
        disk.files.unlink(temporary)
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
