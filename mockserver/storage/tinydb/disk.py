"""The disk settings and disk failures that all sandboxes of one store share, and the names of their files."""

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
    """Converts the system's error to StoreError, or to StoreFull if there is no space or quota."""
    kind = StoreFull if error.errno in _NO_SPACE_ERRNOS else StoreError
    return kind(f"{message} ({error})")


@dataclass(slots=True)
class Disk:
    """What all sandboxes of one store share: file operations, settings, the failure of the disk, and counts."""

    files: FileSystem
    fsync: Callable[[int], None]
    checkpoint_bytes: int
    """Bytes of log after which a checkpoint is written; if the last checkpoint is larger, its size is used instead."""
    is_synchronous: bool = True
    """Whether a write is on the disk before its reply."""
    before_fsync: Callable[[], None] = lambda: None
    """Called before an fsync, so that other greenlets can append records that the same fsync makes durable."""
    json_cache: EncodedListCache = field(default_factory=EncodedListCache)
    failure: str | None = None
    """Why the store accepts no more writes; None while it does."""
    torn_tails: int = 0
    """The number of torn tails that were cut off."""
    torn_bytes: int = 0
    """The number of bytes that were cut off."""

    def refuse_if_failed(self) -> None:
        """Raises StoreError if the disk has failed."""
        if self.failure is not None:
            raise StoreError(self.failure)

    def mark_failed(self, path: Path, action: str, error: OSError) -> StoreError:
        """Makes the store refuse writes until the restart, and returns the error to raise.

        The kernel may have dropped data that was not yet on the disk, so a later fsync would prove nothing.
        """
        self.failure = (
            f"{path}: {action} failed ({error}); the store accepts no more writes until the server is restarted"
        )
        return StoreError(self.failure)


@dataclass(frozen=True, slots=True)
class SandboxPaths:
    """The files of one sandbox."""

    directory: Path
    sandbox: str

    @property
    def checkpoint(self) -> Path:
        """The latest checkpoint: the tables as TinyDB JSON."""
        return self.directory / f"{self.sandbox}.json"

    @property
    def previous_checkpoint(self) -> Path:
        """The checkpoint before the latest one; a repair starts from it if the latest one is damaged."""
        return self.directory / f"{self.sandbox}.json.prev"

    @property
    def log(self) -> Path:
        """The log since the latest checkpoint."""
        return self.directory / f"{self.sandbox}.log"

    @property
    def previous_log(self) -> Path:
        """The log between the previous checkpoint and the latest one."""
        return self.directory / f"{self.sandbox}.log.prev"

    @property
    def deletion_marker(self) -> Path:
        """While this file exists, the sandbox counts as deleted, even if its other files exist."""
        return self.directory / f"{self.sandbox}.deleted"

    @property
    def state_files(self) -> tuple[Path, ...]:
        """The files with the sandbox's records, in the order in which they are deleted."""
        return (self.log, self.previous_log, self.checkpoint, self.previous_checkpoint)


STATE_SUFFIXES = ("json", "log", "json.prev", "log.prev")
"""The suffixes of the files that show that a sandbox exists."""


def temporary_path(path: Path) -> Path:
    """Returns the name under which a file is written before it is renamed."""
    return path.with_name(f"{path.name}.tmp")
