"""TinyDB's Storage with the tables of one sandbox in memory, one lock around them, and transactions over both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from tinydb.storages import Storage

from mockserver.storage.base import SandboxGone, State, WriteTimes
from mockserver.storage.tinydb.checkpoint import METADATA_TABLE
from mockserver.storage.tinydb.log_format import Ops
from mockserver.storage.tinydb.replay import number_records, replace_tables
from mockserver.storage.tinydb.schema import Rows, Tables


class MemoryStorage(Storage):
    """The tables of one sandbox; as it is here, nothing is kept. Who keeps them says how in the methods below."""

    is_logged = False
    """Whether writes must be told to ``commit``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._closed = False
        self._watchers: list[Callable[[], None]] = []
        self._tables: Tables = {}
        self._next_ids: dict[str, int] = {}
        self.remaining_capacity = 0
        """At least so many records more may the sandbox have; 0 where nobody has counted them."""

    def rows(self, name: str) -> Rows:
        """The live documents of a table, by doc_id as a string."""
        return self._tables.setdefault(name, {})

    def watch(self, replaced: Callable[[], None]) -> None:
        """Have replaced called whenever all tables have been exchanged for others."""
        self._watchers.append(replaced)

    def peek_id(self, name: str) -> int:
        """The doc_id the next new document of the table gets; never one that was in use before."""
        return self._next_ids.get(name, 1)

    def reserve_id(self, name: str, n: int) -> None:
        """Have no new document of the table get this doc_id, or one before it."""
        if n >= self._next_ids.get(name, 1):
            self._next_ids[name] = n + 1

    def set_next_id(self, name: str, n: int) -> None:
        """Say which doc_id the next new document of the table gets."""
        self._next_ids[name] = n

    def read(self) -> dict[str, dict[str, Any]]:
        """All tables that hold something."""
        return {name: rows for name, rows in self._tables.items() if rows}

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Put these tables in place of all there are."""
        with self.exclusive():
            tables = {name: rows for name, rows in data.items() if name != METADATA_TABLE}
            self.commit_tables(tables)
            self._replace_tables(*replace_tables(tables, self._next_ids))
            self.after_overwrite()

    def load(self, state: State) -> int:
        """Exchange all tables for these and answer the record's seq; the caller holds the lock."""
        tables, next_ids = number_records(state)
        seq = self.commit_load(state)
        self._replace_tables(tables, next_ids)
        return seq

    def _replace_tables(self, tables: Tables, next_ids: dict[str, int]) -> None:
        self._tables, self._next_ids, self.remaining_capacity = tables, next_ids, 0
        for replaced in self._watchers:
            replaced()

    # How the writes are kept

    def set_time_source(self, time: Callable[[], WriteTimes]) -> None:
        """Have each record say when it was written."""

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Keep the writes of a transaction as one record and answer its seq, 0 where there is none."""
        return 0

    def commit_load(self, state: State) -> int:
        """Keep a whole state that is about to take the place of all there is, and answer the record's seq."""
        return 0

    def commit_tables(self, tables: Tables) -> None:
        """Keep tables that are about to take the place of all there are, by TinyDB's own ``write``."""
        self.commit([["write", tables]])

    def after_overwrite(self) -> None:
        """All tables have just been exchanged through TinyDB's own ``write``."""

    def sync(self, seq: int) -> None:
        """Wait until the record is as safe as was promised; the caller does not hold the lock."""

    def wait_until_durable(self) -> None:
        """Wait until everything written so far is as safe as was promised."""

    def flush(self) -> None:
        """Wait until everything written so far is on the disk."""

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint if it is time; the caller holds the lock."""

    # The lock

    def acquire(self, *, read_only: bool = False) -> None:
        """Take the sandbox's lock; RuntimeError instead of waiting for oneself, StoreGone once closed."""
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a transaction of this sandbox is open in this very thread, and they do not nest")
        self._lock.acquire()
        if self._closed:
            self._lock.release()
            raise SandboxGone("the sandbox has been closed or deleted")
        self._owner = me

    def release(self) -> None:
        """Let go of the sandbox's lock."""
        self._owner = None
        self._lock.release()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock meanwhile."""
        self.acquire()
        try:
            yield
        finally:
            self.release()

    @contextmanager
    def exclusive_reentrant(self) -> Iterator[None]:
        """Hold the lock meanwhile, be it that this thread has it already."""
        if self._owner == threading.get_ident():
            yield
        else:
            with self.exclusive():
                yield

    def close(self) -> None:
        """Let go of everything."""
        if not self._closed:
            with self.exclusive():
                self.abandon()

    def abandon(self) -> None:
        """Let go of everything as it is; the caller holds the lock."""
        self._closed = True
        # They lead back here: all the records would wait for the collector of cycles, which the server seldom lets run.
        self._watchers.clear()


class WritableTable(Protocol):
    """A table that a transaction changes."""

    name: str
    memory: MemoryStorage
    is_logged: bool

    def set_row(self, n: int, record: dict[str, Any]) -> dict[str, Any] | None:
        """Make record the document n, and answer what was there."""

    def remove_row(self, n: int) -> dict[str, Any]:
        """Remove the document n, and answer it."""


class WriteSet:
    """The writes of one transaction: what goes into the log, and how to undo it."""

    __slots__ = ("_tables", "_undo", "ops")

    def __init__(self, tables: dict[str, Any]) -> None:
        self.ops: Ops = []
        self._tables = tables
        self._undo: list[tuple[WritableTable, int, dict[str, Any] | None]] = []

    def write(self, table: WritableTable, n: int, record: dict[str, Any]) -> None:
        """Make record the table's document n."""
        old = table.set_row(n, record)
        self._undo.append((table, n, old))
        if old is None:
            table.memory.reserve_id(table.name, n)
        if table.is_logged:
            self.ops.append(["put", table.name, n, record])

    def delete(self, table: WritableTable, n: int) -> None:
        """Remove the table's document n."""
        self._undo.append((table, n, table.remove_row(n)))
        if table.is_logged:
            self.ops.append(["drop", table.name, n])

    def rollback(self) -> None:
        """Undo them all in memory; the newest doc_ids are free again, as if they had never been given."""
        self._undo_to(0)

    def _undo_to(self, kept: int) -> None:
        while len(self._undo) > kept:
            table, n, old = self._undo.pop()
            if old is not None:
                table.set_row(n, old)
                continue
            table.remove_row(n)
            if table.memory.peek_id(table.name) == n + 1:
                table.memory.set_next_id(table.name, n)

    def close(self) -> None:
        """Be of no more use: what was found here belongs to others once the lock is let go."""
        self._undo, self._tables = [], type(self._tables)()


P = TypeVar("P", bound=WriteSet)


class Transaction(Generic[P]):
    """Holds the lock of one storage; on leaving, the writes become one log record, or none when an error leaves."""

    __slots__ = ("_durable", "_pending", "_reading", "_storage", "_wait")

    def __init__(
        self, storage: MemoryStorage, pending: P, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> None:
        self._storage, self._pending, self._reading = storage, pending, read_only
        self._durable, self._wait = durable, durable and wait

    def __enter__(self) -> P:
        self._storage.acquire(read_only=self._reading)
        return self._pending

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            seq = self._commit(kind is None)
        finally:
            self._pending.close()
            self._storage.release()
        if seq and self._wait:
            self._storage.sync(seq)

    def _commit(self, good: bool) -> int:
        storage, pending = self._storage, self._pending
        if not good:
            pending.rollback()
            return 0
        if not pending.ops:
            return 0
        if self._reading:
            pending.rollback()
            raise RuntimeError(f"a transaction that only reads has written {pending.ops[0][:3]}")
        try:
            seq = storage.commit(pending.ops, durable=self._durable)
        except BaseException:
            pending.rollback()
            raise
        if seq:
            storage.checkpoint_if_due()
        return seq
