"""The store on TinyDB: one database per sandbox in memory, with a log and a checkpoint on the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

from tinydb import TinyDB

from mockserver.storage.base import (
    ChangedCollections,
    Cluster,
    Collection,
    Durability,
    SandboxGone,
    Space,
    State,
    StoreError,
    StoreStatus,
    WriteTimes,
)
from mockserver.storage.tinydb.database import OpenSandbox, check_sandbox_name
from mockserver.storage.tinydb.directory import SANDBOXES_FOLDER, list_sandboxes, prepare_and_lock
from mockserver.storage.tinydb.disk import Disk, SandboxPaths, to_store_error
from mockserver.storage.tinydb.files import FileSystem
from mockserver.storage.tinydb.flusher import FLUSH_SECONDS, Flusher
from mockserver.storage.tinydb.memory import MemoryStorage, Transaction
from mockserver.storage.tinydb.single_process import SingleProcess
from mockserver.storage.tinydb.space import TinySpace
from mockserver.storage.tinydb.storage import LoggedStorage

CHECKPOINT_BYTES = 8 * 1024 * 1024
"""Bytes of log after which a checkpoint is written; if the last checkpoint is larger, its size is used instead."""


class TinyStore:
    """A store with one TinyDB per sandbox; without a directory it keeps all records in memory only.

    Raises StoreError if the directory cannot be used, StoreLocked if another process uses it.
    """

    _flusher: Flusher | None = None

    def __init__(
        self,
        directory: Path | None,
        *,
        durability: Durability = "commit",
        files: FileSystem | None = None,
        fsync: Callable[[int], None] | None = None,
        before_fsync: Callable[[], None] = lambda: None,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        files = files or FileSystem()
        if durability == "memory":
            directory = None
        self._durability: Durability = durability if directory else "memory"
        self._directory = None if directory is None else directory / SANDBOXES_FOLDER
        is_synchronous = durability == "commit"
        self._disk = Disk(
            files, fsync or files.fsync, checkpoint_bytes, is_synchronous=is_synchronous, before_fsync=before_fsync
        )
        self.cluster: Cluster = SingleProcess()
        self._opening = threading.Lock()
        self._sandboxes: dict[str, OpenSandbox] = {}
        self._lock_handle = -1
        if directory is not None:
            self._open_directory(directory)
            if durability == "interval":
                self._flusher = Flusher(self.flush, flush_seconds)

    def _open_directory(self, directory: Path) -> None:
        self._lock_handle = prepare_and_lock(self._disk.files, directory)
        try:
            self._clean_up(directory / SANDBOXES_FOLDER)
        except OSError as error:
            raise to_store_error(f"{directory}: user {os.getuid()} cannot remove leftover files", error) from error

    def _clean_up(self, sandboxes: Path) -> None:
        """Finishes deletions that a crash or an error interrupted, and removes temporary files."""
        for name in self._disk.files.list(sandboxes):
            if name.endswith(".deleted"):
                self._remove(SandboxPaths(sandboxes, name.removesuffix(".deleted")))
            elif name.endswith(".tmp"):
                self._disk.files.unlink(sandboxes / name)

    @property
    def status(self) -> StoreStatus:
        disk = self._disk
        return StoreStatus(self._durability, disk.failure, disk.torn_tails, disk.torn_bytes)

    def names(self) -> list[str]:
        names = set(self._sandboxes)
        if self._directory is not None:
            names |= set(list_sandboxes(self._disk.files, self._directory))
        return sorted(names)

    def open(self, sandbox: str) -> None:
        check_sandbox_name(sandbox)
        with self._opening:
            if sandbox not in self._sandboxes:
                self._sandboxes[sandbox] = OpenSandbox(self._open_storage(sandbox), volatile_storage=MemoryStorage())

    def _open_storage(self, sandbox: str) -> MemoryStorage:
        if self._directory is None:
            return MemoryStorage()
        paths = SandboxPaths(self._directory, sandbox)
        try:
            if self._disk.files.exists(paths.deletion_marker):
                self._remove(paths)
            return LoggedStorage(paths, self._disk)
        except OSError as error:
            raise to_store_error(f"{paths.log}: user {os.getuid()} cannot open the sandbox", error) from error

    def _get_open(self, sandbox: str) -> OpenSandbox:
        try:
            return self._sandboxes[sandbox]
        except KeyError:
            raise SandboxGone(f"the sandbox {sandbox!r} is not open") from None

    def database(self, sandbox: str) -> TinyDB:
        """Returns the TinyDB of an open sandbox, for its query language; each change is a durable transaction."""
        return self._get_open(sandbox).database

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        opened = self._get_open(sandbox)
        with opened.storage.exclusive():
            opened.declare(collections)

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        opened = self._sandboxes.get(sandbox) or self._get_open(sandbox)
        return Transaction(opened.storage, TinySpace(opened.tables, opened.claims), durable, wait, read_only)

    def on_remote_changes(self, sandbox: str, callback: Callable[[Space, ChangedCollections], None]) -> None: ...

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        self._get_open(sandbox).storage.set_time_source(time)

    def refresh(self, sandbox: str) -> bool:
        return sandbox in self._sandboxes

    def release_claim(self, sandbox: str, claim: str) -> None:
        with suppress(StoreError), self.transaction(sandbox, durable=False) as space:
            space.release(claim)

    def notify_due(self, sandbox: str) -> None: ...

    def journal_log(self, sandbox: str) -> None: ...

    def wait_until_durable(self, sandbox: str) -> None:
        self._get_open(sandbox).storage.wait_until_durable()

    def export(self, sandbox: str) -> State:
        opened = self._get_open(sandbox)
        with opened.storage.exclusive_reentrant():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        opened = self._get_open(sandbox)
        with opened.storage.exclusive():
            seq = opened.load(state)
        opened.storage.sync(seq)

    def flush(self) -> None:
        for opened in list(self._sandboxes.values()):
            try:
                opened.storage.flush()
            except StoreError:
                self._disk.refuse_if_failed()  # If the disk has not failed, the sandbox was deleted during the flush.

    def delete(self, sandbox: str) -> None:
        check_sandbox_name(sandbox)
        with self._opening:
            opened = self._sandboxes.pop(sandbox, None)
            if opened is not None:
                with opened.storage.exclusive():
                    opened.storage.abandon()
            if self._directory is not None:
                self._delete(SandboxPaths(self._directory, sandbox))

    def _delete(self, paths: SandboxPaths) -> None:
        files = self._disk.files
        try:
            files.close(files.open_append(paths.deletion_marker))
            files.sync_directory(paths.directory)
            self._remove(paths)
        except OSError as error:
            raise to_store_error(f"{paths.deletion_marker}: the sandbox could not be deleted", error) from error

    def _remove(self, paths: SandboxPaths) -> None:
        files = self._disk.files
        for path in paths.state_files:
            files.unlink(path)
        files.sync_directory(paths.directory)
        files.unlink(paths.deletion_marker)

    def close(self) -> None:
        if self._flusher is not None:
            self._flusher.close()
        with self._opening, ExitStack() as closers:  # Closes the sandboxes first, then the lock file.
            if self._lock_handle >= 0:
                closers.callback(self._disk.files.close, self._lock_handle)
                self._lock_handle = -1
            while self._sandboxes:
                closers.callback(self._sandboxes.popitem()[1].storage.close)
