"""What the store does to the disk, one method per deed, so a test can put a failing or recording one in its place."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

PRIVATE_MODE = 0o600


class FileSystem:
    """The operating system's files; every method raises OSError as the system does."""

    def make_directory(self, path: Path) -> None:
        """Have the directory there, readable by its owner only; its parent must be there already."""
        path.mkdir(mode=0o700, exist_ok=True)

    def lock(self, path: Path) -> int:
        """Take the one exclusive lock on the file and answer the handle that holds it; BlockingIOError if taken."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(handle)
            raise
        return handle

    def open_append(self, path: Path) -> int:
        """A handle that writes at the file's end; the file is made when it is not there."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE_MODE)

    def create(self, path: Path) -> int:
        """A handle on a new file; FileExistsError when there is one already."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)

    def append(self, handle: int, data: bytes) -> None:
        """Write all of data, or raise with some of it written."""
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, data[written:])

    def fsync(self, handle: int) -> None:
        """Wait until what was written to the handle is on the disk."""
        os.fsync(handle)

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file to size bytes."""
        os.ftruncate(handle, size)

    def close(self, handle: int) -> None:
        """Let go of the handle."""
        os.close(handle)

    def read(self, path: Path) -> bytes | None:
        """All of the file, or None when it is not there."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return path.exists()

    def link_or_copy(self, path: Path, copy: Path) -> None:
        """Have the present content of path under a second name too, where nothing may be yet."""
        try:
            copy.hardlink_to(path)
        except PermissionError:  # a file system without hard links
            shutil.copyfile(path, copy)

    def replace(self, source: Path, target: Path) -> None:
        """Give source the name of target at one stroke."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove the file; one that is not there is no error."""
        path.unlink(missing_ok=True)

    def list(self, directory: Path) -> list[str]:
        """The names in the directory, sorted."""
        return sorted(entry.name for entry in directory.iterdir())

    def sync_directory(self, path: Path) -> None:
        """Wait until the names in the directory are on the disk."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
