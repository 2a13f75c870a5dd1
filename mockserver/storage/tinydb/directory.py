"""Creates and locks the data directory, and lists its sandboxes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mockserver.storage.base import StoreError, StoreLocked
from mockserver.storage.tinydb.disk import STATE_SUFFIXES
from mockserver.storage.tinydb.files import FileSystem

SANDBOXES_FOLDER = "sandboxes"
"""The folder of a data directory with the files of all sandboxes."""
LOCK_FILE = ".lock"


def prepare_and_lock(files: FileSystem, directory: Path) -> int:
    """Creates the data directory if needed and locks it for this process; returns the handle that holds the lock.

    Raises StoreError if the user cannot use it, StoreLocked if another process has locked it.
    """
    try:
        _create_durably(files, directory)
    except OSError as error:
        raise _unusable_error(directory, error) from error
    return lock_directory(files, directory)


def lock_directory(files: FileSystem, directory: Path) -> int:
    """Locks an existing data directory; raises StoreLocked if another process has locked it."""
    try:
        return files.lock(directory / LOCK_FILE)
    except BlockingIOError as error:
        raise StoreLocked(f"{directory / LOCK_FILE}: another process uses this data directory") from error
    except OSError as error:
        raise _unusable_error(directory, error) from error


def _unusable_error(directory: Path, error: OSError) -> StoreError:
    return StoreError(f"{directory}: user {os.getuid()} cannot use it as the data directory ({error})")


def _create_durably(files: FileSystem, directory: Path) -> None:
    sandboxes = directory / SANDBOXES_FOLDER
    if not files.exists(sandboxes):
        missing = [each for each in (directory, *directory.parents) if not files.exists(each)]
        for each in reversed(missing):
            files.make_directory(each)
            files.sync_directory(each.parent)
        # Needed even if the directory existed, because the process that created it may have crashed before this line.
        # The parent may belong to another user.
        with suppress(PermissionError):
            files.sync_directory(directory.parent)
        files.make_directory(sandboxes)
    files.sync_directory(directory)


def list_sandboxes(files: FileSystem, sandboxes: Path) -> list[str]:
    """Returns the ids of the sandboxes that have at least one file, sorted."""
    try:
        parts = [name.partition(".") for name in files.list(sandboxes)]
    except OSError as error:
        raise StoreError(f"{sandboxes}: user {os.getuid()} cannot read the folder ({error})") from error
    return sorted({stem for stem, _, kind in parts if kind in STATE_SUFFIXES})
