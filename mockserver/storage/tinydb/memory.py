"""TinyDB's Storage with the tables of one sandbox in memory, the sandbox's lock, and transactions."""

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
    """The tables of one sandbox in memory only; subclasses make them durable by overriding the persistence methods."""

    is_logged = False
    """Whether transactions pass their writes to ``commit``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._closed = False
        self._replacement_callbacks: list[Callable[[], None]] = []
        self._tables: Tables = {}
        self._next_ids: dict[str, int] = {}
        self.remaining_capacity = 0
        """At least this many records can still be added; 0 means that the records must be counted again."""

    def rows(self, name: str) -> Rows:
        """Returns the documents of a table by doc_id, which is a string; the dictionary itself, not a copy."""
        return self._tables.setdefault(name, {})

    def on_tables_replaced(self, callback: Callable[[], None]) -> None:
        """Calls ``callback`` whenever all tables have been replaced."""
        self._replacement_callbacks.append(callback)

    def peek_id(self, name: str) -> int:
        """Returns the doc_id that the next new document of the table will get; no document has had it before."""
        return self._next_ids.get(name, 1)

    def reserve_id(self, name: str, n: int) -> None:
        """Makes sure that the next doc_id of the table is greater than ``n``."""
        if n >= self._next_ids.get(name, 1):
            self._next_ids[name] = n + 1

    def set_next_id(self, name: str, n: int) -> None:
        self._next_ids[name] = n

    def read(self) -> dict[str, dict[str, Any]]:
        """Returns all tables that are not empty (TinyDB's interface)."""
        return {name: rows for name, rows in self._tables.items() if rows}

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replaces all tables (TinyDB's interface)."""
        with self.exclusive():
            tables = {name: rows for name, rows in data.items() if name != METADATA_TABLE}
            self.commit_tables(tables)
            self._replace_tables(*replace_tables(tables, self._next_ids))
            self.after_overwrite()

    def load(self, state: State) -> int:
        """Replaces all tables by a state and returns the seq of the log record; the caller holds the lock."""
        tables, next_ids = number_records(state)
        seq = self.commit_load(state)
        self._replace_tables(tables, next_ids)
        return seq

    def _replace_tables(self, tables: Tables, next_ids: dict[str, int]) -> None:
        self._tables, self._next_ids, self.remaining_capacity = tables, next_ids, 0
        for callback in self._replacement_callbacks:
            callback()

    # Persistence

    def set_time_source(self, time: Callable[[], WriteTimes]) -> None:
        """Sets the source of the times that are written into log records."""

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Stores the writes of a transaction as one log record; returns its seq, or 0 if no record was written."""
        return 0

    def commit_load(self, state: State) -> int:
        """Stores a whole state that is about to replace all tables, and returns the seq of the log record."""
        return 0

    def commit_tables(self, tables: Tables) -> None:
        """Stores tables that are about to replace all others through TinyDB's own ``write``."""
        self.commit([["write", tables]])

    def after_overwrite(self) -> None:
        """Makes the new tables durable after TinyDB's own ``write`` has replaced all tables."""

    def sync(self, seq: int) -> None:
        """Waits until the record is stored as the durability setting requires; the caller does not hold the lock."""

    def wait_until_durable(self) -> None:
        """Waits until all records so far are stored as the durability setting requires."""

    def flush(self) -> None:
        """Waits until all records so far are on the disk."""

    def checkpoint_if_due(self) -> None:
        """Writes a checkpoint if the log is larger than its threshold; the caller holds the lock."""

    # The lock

    def acquire(self, *, read_only: bool = False) -> None:
        """Takes the sandbox's lock.

        Raises RuntimeError if this thread holds it already, SandboxGone if the storage is closed.
        """
        thread = threading.get_ident()
        if self._owner == thread:
            raise RuntimeError("this thread already has a transaction of this sandbox open; transactions do not nest")
        self._lock.acquire()
        if self._closed:
            self._lock.release()
            raise SandboxGone("the sandbox is closed or was deleted")
        self._owner = thread

    def release(self) -> None:
        self._owner = None
        self._lock.release()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()

    @contextmanager
    def exclusive_reentrant(self) -> Iterator[None]:
        """Holds the lock like ``exclusive``, but does nothing if this thread holds it already."""
        if self._owner == threading.get_ident():
            yield
        else:
            with self.exclusive():
                yield

    def close(self) -> None:
        if not self._closed:
            with self.exclusive():
                self.abandon()

    def abandon(self) -> None:
        """Closes the storage without writing anything; the caller holds the lock."""
        self._closed = True
        # The callbacks refer back to this object. Clearing them breaks the reference cycle, so the memory is freed
        # immediately and not at the next garbage collection, which seldom runs.
        self._replacement_callbacks.clear()


class WritableTable(Protocol):
    """The part of a table that a transaction uses."""

    name: str
    memory: MemoryStorage
    is_logged: bool

    def set_row(self, n: int, record: dict[str, Any]) -> dict[str, Any] | None:
        """Stores ``record`` as document ``n`` and returns the document it replaces."""

    def remove_row(self, n: int) -> dict[str, Any]:
        """Removes document ``n`` and returns it."""


class WriteSet:
    """The writes of one transaction: the operations for the log, and the data to undo them."""

    __slots__ = ("_tables", "_undo", "ops")

    def __init__(self, tables: dict[str, Any]) -> None:
        self.ops: Ops = []
        self._tables = tables
        self._undo: list[tuple[WritableTable, int, dict[str, Any] | None]] = []
        """For each write: the table, the doc_id, and the old document, which is None if there was none."""

    def write(self, table: WritableTable, n: int, record: dict[str, Any]) -> None:
        old = table.set_row(n, record)
        self._undo.append((table, n, old))
        if old is None:
            table.memory.reserve_id(table.name, n)
        if table.is_logged:
            self.ops.append(["put", table.name, n, record])

    def delete(self, table: WritableTable, n: int) -> None:
        self._undo.append((table, n, table.remove_row(n)))
        if table.is_logged:
            self.ops.append(["drop", table.name, n])

    def rollback(self) -> None:
        """Undoes all writes in memory; the doc_ids of new documents can be assigned again."""
        self._undo_to(0)

    def _undo_to(self, length: int) -> None:
        while len(self._undo) > length:
            table, n, old = self._undo.pop()
            if old is not None:
                table.set_row(n, old)
                continue
            table.remove_row(n)
            # The newest document of a table gives its doc_id back.
            if table.memory.peek_id(table.name) == n + 1:
                table.memory.set_next_id(table.name, n)

    def close(self) -> None:
        """Detaches the tables, because other threads can change them after the lock is released."""
        self._undo, self._tables = [], type(self._tables)()


P = TypeVar("P", bound=WriteSet)


class Transaction(Generic[P]):
    """Holds the lock of one storage; on exit the writes become one log record, or none after an exception."""

    __slots__ = ("_durable", "_read_only", "_storage", "_wait", "_writes")

    def __init__(
        self, storage: MemoryStorage, writes: P, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> None:
        self._storage, self._writes, self._read_only = storage, writes, read_only
        self._durable, self._wait = durable, durable and wait

    def __enter__(self) -> P:
        self._storage.acquire(read_only=self._read_only)
        return self._writes

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            seq = self._commit(kind is None)
        finally:
            self._writes.close()
            self._storage.release()
        if seq and self._wait:
            self._storage.sync(seq)

    def _commit(self, succeeded: bool) -> int:
        storage, writes = self._storage, self._writes
        if not succeeded:
            writes.rollback()
            return 0
        if not writes.ops:
            return 0
        if self._read_only:
            writes.rollback()
            raise RuntimeError(f"a read-only transaction has written {writes.ops[0][:3]}")
        try:
            seq = storage.commit(writes.ops, durable=self._durable)
        except BaseException:
            writes.rollback()
            raise
        if seq:
            storage.checkpoint_if_due()
        return seq
