"""The data directory itself: that it lasts, who has it, and which sandboxes are kept in it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mockserver.storage.base import StoreError, StoreLocked
from mockserver.storage.tinydb.disk import STATE_SUFFIXES
from mockserver.storage.tinydb.files import FileSystem

SANDBOXES_FOLDER = "sandboxes"
"""The folder of a data directory that holds the files of all sandboxes."""
LOCK_FILE = ".lock"


def prepare_and_lock(files: FileSystem, directory: Path) -> int:
    """Have the data directory there and for this process alone; the handle answered is what holds it."""
    try:
        _create_durably(files, directory)
    except OSError as error:
        raise _unusable_error(directory, error) from error
    return lock_directory(files, directory)


def lock_directory(files: FileSystem, directory: Path) -> int:
    """Have a data directory that is there for this process alone; StoreLocked when another one has it."""
    try:
        return files.lock(directory / LOCK_FILE)
    except BlockingIOError as error:
        raise StoreLocked(f"{directory / LOCK_FILE}: another process has this data directory") from error
    except OSError as error:
        raise _unusable_error(directory, error) from error


def _unusable_error(directory: Path, error: OSError) -> StoreError:
    return StoreError(f"{directory}: cannot be the data directory of user {os.getuid()} ({error})")


def _create_durably(files: FileSystem, directory: Path) -> None:
    sandboxes = directory / SANDBOXES_FOLDER
    if not files.exists(sandboxes):
        missing = [each for each in (directory, *directory.parents) if not files.exists(each)]
        for each in reversed(missing):
            files.make_directory(each)
            files.sync_directory(each.parent)
        # Also when it was there: who made it may have died just then. Another user's parent is another user's care.
        with suppress(PermissionError):
            files.sync_directory(directory.parent)
        files.make_directory(sandboxes)
    files.sync_directory(directory)


def list_sandboxes(files: FileSystem, sandboxes: Path) -> list[str]:
    """The names of the sandboxes any of whose files is there, sorted."""
    try:
        found = [name.partition(".") for name in files.list(sandboxes)]
    except OSError as error:
        raise StoreError(f"{sandboxes}: cannot be read by user {os.getuid()} ({error})") from error
    return sorted({stem for stem, _, kind in found if kind in STATE_SUFFIXES})
