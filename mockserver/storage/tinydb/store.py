"""The store on TinyDB: a database per sandbox, in memory, with a log and a checkpoint on the disk when it has one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

from tinydb import TinyDB

from mockserver.storage.base import (
    Changed,
    Collection,
    Condition,
    Durability,
    Others,
    Space,
    State,
    StoreError,
    StoreGone,
    Written,
)
from mockserver.storage.tinydb.database import Opened, refuse_unsafe
from mockserver.storage.tinydb.directory import SANDBOXES, kept_in, take
from mockserver.storage.tinydb.disk import Disk, Paths, refusal
from mockserver.storage.tinydb.files import Files
from mockserver.storage.tinydb.flusher import PERIOD, Flusher
from mockserver.storage.tinydb.memory import Memory, Transaction
from mockserver.storage.tinydb.nobody import Nobody
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
        files: Files | None = None,
        fsync: Callable[[int], None] | None = None,
        gather: Callable[[], None] = lambda: None,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        flush_seconds: float = PERIOD,
    ) -> None:
        files = files or Files()
        if durability == "memory":
            directory = None
        self._durability: Durability = durability if directory else "memory"
        self._directory = None if directory is None else directory / SANDBOXES
        waits = durability == "commit"
        self._disk = Disk(files, fsync or files.fsync, checkpoint_bytes, waits=waits, gather=gather)
        self.others: Others = Nobody()
        self._opening = threading.Lock()
        self._sandboxes: dict[str, Opened] = {}
        self._lock = -1
        if directory is not None:
            self._take(directory)
            if durability == "interval":
                self._flusher = Flusher(self.flush, flush_seconds)

    def _take(self, directory: Path) -> None:
        self._lock = take(self._disk.files, directory)
        try:
            self._sweep(directory / SANDBOXES)
        except OSError as error:
            raise refusal(f"{directory}: cannot be tidied by user {os.getuid()}", error) from error

    def _sweep(self, sandboxes: Path) -> None:
        """Finish the deletions a crash or an error broke off, and clear away what half a checkpoint left."""
        for name in self._disk.files.list(sandboxes):
            if name.endswith(".deleted"):
                self._remove(Paths(sandboxes, name.removesuffix(".deleted")))
            elif name.endswith(".tmp"):
                self._disk.files.unlink(sandboxes / name)

    @property
    def condition(self) -> Condition:
        """What the store promises, and how it is."""
        disk = self._disk
        return Condition(self._durability, disk.failure, disk.torn_tails, disk.torn_bytes)

    def names(self) -> list[str]:
        """The sandboxes kept here, sorted."""
        found = set(self._sandboxes)
        if self._directory is not None:
            found |= set(kept_in(self._disk.files, self._directory))
        return sorted(found)

    def open(self, sandbox: str) -> None:
        """Make the sandbox's records available, creating an empty one where there is none."""
        refuse_unsafe(sandbox)
        with self._opening:
            if sandbox not in self._sandboxes:
                self._sandboxes[sandbox] = Opened(self._storage(sandbox), scratch=Memory())

    def _storage(self, sandbox: str) -> Memory:
        if self._directory is None:
            return Memory()
        paths = Paths(self._directory, sandbox)
        try:
            if self._disk.files.exists(paths.deleted):
                self._remove(paths)
            return LoggedStorage(paths, self._disk)
        except OSError as error:
            raise refusal(f"{paths.log}: the sandbox cannot be opened by user {os.getuid()}", error) from error

    def _opened(self, sandbox: str) -> Opened:
        try:
            return self._sandboxes[sandbox]
        except KeyError:
            raise StoreGone(f"sandbox {sandbox!r} is not open") from None

    def database(self, sandbox: str) -> TinyDB:
        """The TinyDB of an open sandbox, for its own query language; each change is a durable transaction."""
        return self._opened(sandbox).database

    def declare(self, sandbox: str, collections: tuple[Collection, ...]) -> None:
        """Say which collections an open sandbox has; indexes are built over what is already there."""
        opened = self._opened(sandbox)
        with opened.storage.exclusive():
            opened.declare(collections)

    def transaction(
        self, sandbox: str, *, durable: bool = True, wait: bool = True, reading: bool = False
    ) -> AbstractContextManager[Space]:
        """Hold the sandbox's lock; on leaving, keep every write as one log record, or none when an error leaves."""
        opened = self._sandboxes.get(sandbox) or self._opened(sandbox)
        return Transaction(opened.storage, TinySpace(opened.tables, opened.claims), durable, wait, reading)

    def watch(self, sandbox: str, changed: Callable[[Space, Changed], None]) -> None:
        """No other process ever changes anything."""

    def stamp(self, sandbox: str, time: Callable[[], Written]) -> None:
        """Have the records of an open sandbox say when they were written."""
        self._opened(sandbox).storage.stamp(time)

    def refresh(self, sandbox: str) -> bool:
        """No other process ever changes anything."""
        return sandbox in self._sandboxes

    def let_go(self, sandbox: str, claim: str) -> None:
        """Release a claim."""
        with suppress(StoreError), self.transaction(sandbox, durable=False) as space:
            space.release(claim)

    def call(self, sandbox: str) -> None:
        """There is no other process to be told."""

    def tape(self, sandbox: str) -> None:
        """There is but one process, which remembers its calls itself."""

    def settle(self, sandbox: str) -> None:
        """Wait until everything the sandbox has written is as safe as was promised."""
        self._opened(sandbox).storage.settle()

    def export(self, sandbox: str) -> State:
        """All collections that are not volatile, as plain JSON-able data; the records are not to be changed."""
        opened = self._opened(sandbox)
        with opened.storage.held():
            return opened.export()

    def load(self, sandbox: str, state: State) -> None:
        """Replace everything the sandbox holds (volatile collections and claims are emptied), as one log record."""
        opened = self._opened(sandbox)
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
        refuse_unsafe(sandbox)
        with self._opening:
            opened = self._sandboxes.pop(sandbox, None)
            if opened is not None:
                with opened.storage.exclusive():
                    opened.storage.abandon()
            if self._directory is not None:
                self._delete(Paths(self._directory, sandbox))

    def _delete(self, paths: Paths) -> None:
        files = self._disk.files
        try:
            files.close(files.open_append(paths.deleted))
            files.sync_directory(paths.directory)
            self._remove(paths)
        except OSError as error:
            raise refusal(f"{paths.deleted}: the sandbox could not be deleted", error) from error

    def _remove(self, paths: Paths) -> None:
        files = self._disk.files
        for path in paths.state:
            files.unlink(path)
        files.sync_directory(paths.directory)
        files.unlink(paths.deleted)

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
