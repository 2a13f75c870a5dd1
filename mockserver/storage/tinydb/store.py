"""The store on TinyDB: a database per sandbox, in memory, with a log and a checkpoint on the disk when it has one."""

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


class TinyStore:
    """Keeps every sandbox in a TinyDB of its own; with no directory, in memory only."""

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
        self._lock = -1
        if directory is not None:
            self._open_directory(directory)
            if durability == "interval":
                self._flusher = Flusher(self.flush, flush_seconds)

    def _open_directory(self, directory: Path) -> None:
        self._lock = prepare_and_lock(self._disk.files, directory)
        try:
            self._clean_up(directory / SANDBOXES_FOLDER)
        except OSError as error:
            raise to_store_error(f"{directory}: cannot be tidied by user {os.getuid()}", error) from error

    def _clean_up(self, sandboxes: Path) -> None:
        """Finish the deletions a crash or an error broke off, and clear away what half a checkpoint left."""
        for name in self._disk.files.list(sandboxes):
            if name.endswith(".deleted"):
                self._remove(SandboxPaths(sandboxes, name.removesuffix(".deleted")))
            elif name.endswith(".tmp"):
                self._disk.files.unlink(sandboxes / name)

    @property
    def status(self) -> StoreStatus:
        """What the store promises, and how it is."""
        disk = self._disk
        return StoreStatus(self._durability, disk.failure, disk.torn_tails, disk.torn_bytes)

    def names(self) -> list[str]:
        """The sandboxes kept here, sorted."""
        found = set(self._sandboxes)
        if self._directory is not None:
            found |= set(list_sandboxes(self._disk.files, self._directory))
        return sorted(found)

    def open(self, sandbox: str) -> None:
        """Make the sandbox's records available, creating an empty one where there is none."""
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
            raise to_store_error(f"{paths.log}: the sandbox cannot be opened by user {os.getuid()}", error) from error

    def _get_open(self, sandbox: str) -> OpenSandbox:
        try:
            return self._sandboxes[sandbox]
        except KeyError:
            raise SandboxGone(f"sandbox {sandbox!r} is not open") from None

    def database(self, sandbox: str) -> TinyDB:
        """The TinyDB of an open sandbox, for its own query language; each change is a durable transaction."""
        return self._get_open(sandbox).database

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        """Say which collections an open sandbox has; indexes are built over what is already there."""
        opened = self._get_open(sandbox)
        with opened.storage.exclusive():
            opened.declare(collections)

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """Hold the sandbox's lock; on leaving, keep every write as one log record, or none when an error leaves."""
        opened = self._sandboxes.get(sandbox) or self._get_open(sandbox)
        return Transaction(opened.storage, TinySpace(opened.tables, opened.claims), durable, wait, read_only)

    def watch(self, sandbox: str, changed: Callable[[Space, ChangedCollections], None]) -> None:
        """No other process ever changes anything."""

    def set_time_source(self, sandbox: str, time: Callable[[], WriteTimes]) -> None:
        """Have the records of an open sandbox say when they were written."""
        self._get_open(sandbox).storage.set_time_source(time)

    def refresh(self, sandbox: str) -> bool:
        """No other process ever changes anything."""
        return sandbox in self._sandboxes

    def release_claim(self, sandbox: str, claim: str) -> None:
        """Release a claim."""
        with suppress(StoreError), self.transaction(sandbox, durable=False) as space:
            space.release(claim)

    def notify_due(self, sandbox: str) -> None:
        """There is no other process to be told."""

    def journal_log(self, sandbox: str) -> None:
        """There is but one process, which remembers its calls itself."""

    def wait_until_durable(self, sandbox: str) -> None:
        """Wait until everything the sandbox has written is as safe as was promised."""
        self._get_open(sandbox).storage.wait_until_durable()

    def export(self, sandbox: str) -> State:
        """All collections that are not volatile, as plain JSON-able data; the records are not to be changed."""
        opened = self._get_open(sandbox)
        with opened.storage.exclusive_reentrant():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        """Replace everything the sandbox holds (volatile collections and claims are emptied), as one log record."""
        opened = self._get_open(sandbox)
        with opened.storage.exclusive():
            seq = opened.load(state)
        opened.storage.sync(seq)

    def flush(self) -> None:
        """Wait until every write so far is on the disk: what makes those that were not durable so."""
        for opened in list(self._sandboxes.values()):
            try:
                opened.storage.flush()
            except StoreError:
                self._disk.refuse_if_failed()  # else the sandbox was deleted meanwhile, and nothing of it is to last

    def delete(self, sandbox: str) -> None:
        """Forget the sandbox and its files."""
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
        """Write a checkpoint of everything and let go of the files."""
        if self._flusher is not None:
            self._flusher.close()
        with self._opening, ExitStack() as last_to_first:
            if self._lock >= 0:
                last_to_first.callback(self._disk.files.close, self._lock)
                self._lock = -1
            while self._sandboxes:
                last_to_first.callback(self._sandboxes.popitem()[1].storage.close)
