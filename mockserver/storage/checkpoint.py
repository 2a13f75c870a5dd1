"""A sandbox's tables in one file of plain TinyDB JSON, which ``TinyDB("file.json")`` opens.

The table ``_store`` comes first and holds one document of bookkeeping; its first member is the SHA-256 of every byte
behind that member, so a file can be checked without writing it again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mockserver.storage.base import StoreDamaged, StoreError
from mockserver.storage.disk import Disk, Paths, to_json

SCHEMA = 1
BOOKKEEPING = "_store"
Rows = dict[str, dict[str, Any]]
"""One table as TinyDB has it: doc_id, as a string, to document."""

_OPENING = b'{"_store":{"1":{"sha256":"'
_HASHED_FROM = len(_OPENING) + 64


@dataclass(slots=True)
class Checkpoint:
    """Everything a sandbox keeps, as of the record last_seq."""

    last_seq: int = 0
    tables: dict[str, Rows] = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)
    size: int = 0


def encode(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as the bytes of its file."""
    book = {"schema": SCHEMA, "last_seq": checkpoint.last_seq, "next_ids": checkpoint.next_ids}
    tables = to_json(checkpoint.tables)[1:]
    hashed = b'",%b}%b%b' % (to_json(book)[1:], b"" if tables == b"}" else b",", tables)
    return b"%b%b%b" % (_OPENING, hashlib.sha256(hashed).hexdigest().encode(), hashed)


def decode(path: Path, data: bytes) -> Checkpoint:
    """What the file says; StoreDamaged unless it is byte for byte what was written."""
    hashed = data[_HASHED_FROM:]
    digest = hashlib.sha256(hashed).hexdigest().encode()
    if data[:_HASHED_FROM] != _OPENING + digest:
        raise StoreDamaged(f"{path}: {_whereabouts(data)}; nothing was changed")
    tables = json.loads(data)
    book = tables.pop(BOOKKEEPING)["1"]
    if book["schema"] > SCHEMA:
        raise StoreError(f"{path}: written in schema {book['schema']} by a newer server; this one knows {SCHEMA}")
    return Checkpoint(book["last_seq"], tables, book["next_ids"], len(data))


def _whereabouts(data: bytes) -> str:
    if not data.startswith(_OPENING):
        return "damaged at byte 0: it does not begin as a checkpoint does"
    try:
        json.loads(data)
    except UnicodeDecodeError as error:
        return f"damaged at byte {error.start}: {error.reason}"
    except json.JSONDecodeError as error:
        return f"damaged at byte {len(error.doc[: error.pos].encode())}: {error.msg}"
    return f"damaged somewhere between byte {len(_OPENING)} and {len(data)}: the SHA-256 differs"


def load(paths: Paths, disk: Disk) -> Checkpoint:
    """The checkpoint on the disk, or an empty one where there is none yet."""
    data = disk.files.read(paths.checkpoint)
    if data is not None:
        return decode(paths.checkpoint, data)
    if disk.files.exists(paths.previous):
        raise StoreDamaged(f"{paths.checkpoint}: missing from byte 0, though {paths.previous.name} is there")
    return Checkpoint()


def save(paths: Paths, disk: Disk, checkpoint: Checkpoint) -> int:
    """Put the checkpoint in place of the last and answer its size; a crash leaves the one or the other."""
    data = encode(checkpoint)
    try:
        _write(paths.temporary, disk, data)
    except OSError:
        disk.files.unlink(paths.temporary)
        raise
    if disk.files.exists(paths.checkpoint):
        disk.files.unlink(paths.previous)
        disk.files.keep(paths.checkpoint, paths.previous)
    disk.files.replace(paths.temporary, paths.checkpoint)
    disk.files.sync_directory(paths.directory)
    return len(data)


def _write(path: Path, disk: Disk, data: bytes) -> None:
    disk.files.unlink(path)
    handle = disk.files.create(path)
    try:
        disk.files.append(handle, data)
        disk.fsync(handle)
    finally:
        disk.files.close(handle)
