"""The file operations of the store, one method each, so that a test can make them fail or record them."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

PRIVATE_MODE = 0o600
"""The mode of new files: only their owner can read and write them."""


class FileSystem:
    """The operating system's files; every method raises the system's OSError."""

    def make_directory(self, path: Path) -> None:
        """Creates the directory, readable by its owner only, if it does not exist; its parent must exist."""
        path.mkdir(mode=0o700, exist_ok=True)

    def lock(self, path: Path) -> int:
        """Locks the file exclusively and returns the handle that holds the lock, or raises BlockingIOError."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def open_append(self, path: Path) -> int:
        """Opens the file for appending, creating it if it does not exist."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_MODE)

    def create(self, path: Path) -> int:
        """Creates a file and opens it for writing; raises FileExistsError if it exists."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)

    def append(self, handle: int, data: bytes) -> None:
        """Writes all of ``data``; when it raises, a part may have been written."""
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, data[written:])

    def fsync(self, handle: int) -> None:
        os.fsync(handle)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def close(self, handle: int) -> None:
        os.close(handle)

    def read(self, path: Path) -> bytes | None:
        """Returns the content of the file, or None if it does not exist."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, path: Path) -> bool:
        return path.exists()

    def link_or_copy(self, path: Path, copy: Path) -> None:
        """Creates ``copy``, which must not exist, as a hard link to the file or as a copy of it."""
        try:
            copy.hardlink_to(path)
        except PermissionError:  # The file system has no hard links.
            shutil.copyfile(path, copy)

    def replace(self, source: Path, target: Path) -> None:
        """Renames ``source`` to ``target`` atomically, replacing it."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Deletes the file if it exists."""
        path.unlink(missing_ok=True)

    def list(self, directory: Path) -> list[str]:
        """Returns the sorted names of the files in the directory."""
        return sorted(entry.name for entry in directory.iterdir())

    def sync_directory(self, path: Path) -> None:
        """Waits until the entries of the directory are on the disk."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
