"""What all sandboxes of one store share on the disk, and what its files are called."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mockserver.storage.base import StoreError, StoreFull
from mockserver.storage.tinydb.files import FileSystem
from mockserver.storage.tinydb.json_encoding import EncodedListCache

_NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


def to_store_error(message: str, error: OSError) -> StoreError:
    """The StoreError for what the system would not do; StoreFull where there was no room for it."""
    kind = StoreFull if error.errno in _NO_SPACE_ERRNOS else StoreError
    return kind(f"{message} ({error})")


@dataclass(slots=True)
class Disk:
    """The file layer, when to fsync and to checkpoint, whether the disk has let the store down, what was torn."""

    files: FileSystem
    fsync: Callable[[int], None]
    checkpoint_bytes: int
    is_synchronous: bool = True
    """Whether a write is on the disk before it is acknowledged."""
    before_fsync: Callable[[], None] = lambda: None
    """Called before an fsync, to let in whoever is about to write and can share it."""
    json_cache: EncodedListCache = field(default_factory=EncodedListCache)
    failure: str | None = None
    torn_tails: int = 0
    torn_bytes: int = 0

    def refuse_if_failed(self) -> None:
        """StoreError when a write may no longer be promised to last."""
        if self.failure is not None:
            raise StoreError(self.failure)

    def mark_failed(self, path: Path, action: str, error: OSError) -> StoreError:
        """Fail the store for writes from now on: the kernel may have dropped what it could not write."""
        self.failure = (
            f"{path}: {action} failed ({error}); the store takes no more writes until the server is restarted"
        )
        return StoreError(self.failure)


@dataclass(frozen=True, slots=True)
class SandboxPaths:
    """The files of one sandbox."""

    directory: Path
    sandbox: str

    @property
    def checkpoint(self) -> Path:
        """The tables as TinyDB JSON."""
        return self.directory / f"{self.sandbox}.json"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last: what a repair begins from when the last is damaged."""
        return self.directory / f"{self.sandbox}.json.prev"

    @property
    def log(self) -> Path:
        """What was written since the checkpoint."""
        return self.directory / f"{self.sandbox}.log"

    @property
    def previous_log(self) -> Path:
        """What was written between the previous checkpoint and the last."""
        return self.directory / f"{self.sandbox}.log.prev"

    @property
    def deletion_marker(self) -> Path:
        """While this is there the sandbox is gone, whatever else is still lying about."""
        return self.directory / f"{self.sandbox}.deleted"

    @property
    def state_files(self) -> tuple[Path, ...]:
        """The files that hold the sandbox's records, in the order in which they may go."""
        return (self.log, self.previous_log, self.checkpoint, self.previous)


STATE_SUFFIXES = ("json", "log", "json.prev", "log.prev")
"""What follows a sandbox's name in the files that say that it is there."""


def temporary_path(path: Path) -> Path:
    """Where a file is written before it takes its name."""
    return path.with_name(f"{path.name}.tmp")
