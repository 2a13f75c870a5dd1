"""TinyDB's Storage with the tables in memory, a write-ahead log behind them and a checkpoint behind that."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from tinydb.storages import Storage

from mockserver.storage import checkpoint, schema
from mockserver.storage.base import State, StoreError
from mockserver.storage.checkpoint import BOOKKEEPING, Checkpoint
from mockserver.storage.disk import Disk, Paths
from mockserver.storage.encoded import to_json
from mockserver.storage.lines import Ops
from mockserver.storage.log import Log
from mockserver.storage.replay import exchanged, numbered, replay
from mockserver.storage.schema import Rows, Tables

_log = logging.getLogger(__name__)


class LoggedStorage(Storage):
    """The tables of one sandbox; without paths and disk they live in memory only."""

    def __init__(self, paths: Paths | None = None, disk: Disk | None = None) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._closed = False
        self._watchers: list[Callable[[], None]] = []
        self._tables: Tables = {}
        self._next_ids: dict[str, int] = {}
        self._owed: dict[tuple[str, int], list[Any]] = {}
        """By table and number, what was only counted while the disk took nothing; the next record takes it along."""
        self._generation = 0
        self._paths, self._disk, self._log = paths, disk, None
        if paths is not None and disk is not None:
            self._log = Log(paths, disk)
            self._recover(paths, disk, self._log)

    def _recover(self, paths: Paths, disk: Disk, log: Log) -> None:
        found = checkpoint.load(paths, disk)
        reading = log.open(found.last_seq)
        for ops in reading.ops():
            replay(found, ops)
        self._tables, self._next_ids, self._generation = found.tables, found.next_ids, found.generation
        self._threshold = max(disk.checkpoint_bytes, found.size)
        kept_in = found.schema or reading.schema or schema.SCHEMA
        if kept_in < schema.SCHEMA:
            self._migrate(paths, disk, kept_in)

    def _migrate(self, paths: Paths, disk: Disk, kept_in: int) -> None:
        """Come into today's schema; what lay on the disk in the older one stays there under another name."""
        self._tables = schema.migrate(self._tables, kept_in)
        for path in filter(disk.files.exists, (paths.checkpoint, paths.log)):
            copy = path.with_name(f"{path.name}.schema-{kept_in}")
            disk.files.unlink(copy)
            disk.files.keep(path, copy)
        self._checkpoint()
        _log.warning("%s: brought from schema %d to %d", paths.checkpoint, kept_in, schema.SCHEMA)

    @property
    def logged(self) -> bool:
        """Whether writes must be told to the log."""
        return self._log is not None

    def rows(self, name: str) -> Rows:
        """The live documents of a table, by doc_id as a string."""
        return self._tables.setdefault(name, {})

    def watch(self, replaced: Callable[[], None]) -> None:
        """Have replaced called whenever all tables have been exchanged for others."""
        self._watchers.append(replaced)

    def peek_id(self, name: str) -> int:
        """The doc_id the next new document of the table gets; never one that was in use before."""
        return self._next_ids.get(name, 1)

    def set_next_id(self, name: str, n: int) -> None:
        """Say which doc_id the next new document of the table gets."""
        self._next_ids[name] = n

    def read(self) -> dict[str, dict[str, Any]]:
        """All tables that hold something: the checkpoint with the log replayed."""
        return {name: rows for name, rows in self._tables.items() if rows}

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Put these tables in place of all there are, as one checkpoint."""
        with self.exclusive():
            tables = {name: rows for name, rows in data.items() if name != BOOKKEEPING}
            self.commit([["write", tables]])
            self._tables, self._next_ids = exchanged(tables, self._next_ids)
            self._exchanged()
            if self._log and self._disk:
                self._try_checkpoint(self._log, self._disk)
                self.flush()

    def load(self, state: State) -> int:
        """Exchange all tables for these as one log record and answer its seq; the caller holds the lock."""
        tables, next_ids = numbered(state)
        seq = self._log.append(b'[["load",%b]]' % self._disk.encoded.state(state)) if self._log and self._disk else 0
        self._owed.clear()
        self._tables, self._next_ids = tables, next_ids
        self._exchanged()
        return seq

    def _exchanged(self) -> None:
        for replaced in self._watchers:
            replaced()

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Put the writes into the log as one record and answer its seq; the caller holds the lock.

        Writes that need not be durable are owed to the log, and 0 answered, while the disk does not take them.
        """
        if self._log is None:
            return 0
        try:
            seq = self._log.append(to_json([*self._owed.values(), *ops]))
        except StoreError:
            if durable:
                raise
            self._owed.update({(op[1], op[2]): op for op in ops})
            return 0
        self._owed.clear()
        return seq

    def sync(self, seq: int) -> None:
        """Wait until the record is as safe as was promised; the caller does not hold the lock."""
        if self._log and self._disk and self._disk.waits:
            self._log.sync(seq)

    def settle(self) -> None:
        """Wait until everything written so far is as safe as was promised."""
        if self._log:
            self.sync(self._log.seq)

    def flush(self) -> None:
        """Wait until everything written so far is on the disk."""
        if self._log:
            self._log.sync(self._log.seq)

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint once the log has outgrown it; the caller holds the lock."""
        if self._log and self._disk and self._log.size > self._threshold:
            self._try_checkpoint(self._log, self._disk)

    def _try_checkpoint(self, log: Log, disk: Disk) -> None:
        try:
            self._checkpoint()
        except OSError as error:  # the log still has everything, so this can wait
            self._threshold = log.size + disk.checkpoint_bytes
            where = self._paths and self._paths.checkpoint
            _log.warning("%s: no checkpoint could be written (%s); going on with the log", where, error)

    def _checkpoint(self) -> None:
        if self._log and self._disk and self._paths:
            self._disk.refuse_if_failed()
            # With the checkpoint before, the log says all that this one does: a repair needs no more than those two.
            self._log.sync(self._log.seq)
            state = Checkpoint(self._log.seq, self.read(), self._next_ids, self._generation + 1)
            size = checkpoint.save(self._paths, self._disk, state)
            self._generation = state.generation
            self._owed.clear()
            self._log.rotate()
            self._threshold = max(self._disk.checkpoint_bytes, size)

    def acquire(self) -> None:
        """Take the sandbox's lock; RuntimeError instead of waiting for oneself, StoreError once closed."""
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a transaction of this sandbox is open in this very thread, and they do not nest")
        self._lock.acquire()
        if self._closed:
            self._lock.release()
            raise StoreError("the sandbox has been closed or deleted")
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
    def held(self) -> Iterator[None]:
        """Hold the lock meanwhile, be it that this thread has it already."""
        if self._owner == threading.get_ident():
            yield
        else:
            with self.exclusive():
                yield

    def close(self) -> None:
        """Write a checkpoint if the log holds anything, and let go of the files."""
        if self._closed:
            return
        with self.exclusive():
            try:
                if self._log and self._disk and self._log.size and self._disk.failure is None:
                    self._try_checkpoint(self._log, self._disk)
                    self.flush()
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Let go of the files as they are; the caller holds the lock."""
        self._closed = True
        if self._log:
            self._log.close()


class Pending(Protocol):
    """The writes of a transaction while it is open."""

    ops: Ops

    def rollback(self) -> None:
        """Undo them all in memory."""

    def finish(self) -> None:
        """Take no more."""


P = TypeVar("P", bound=Pending)


class Transaction(Generic[P]):
    """Holds the lock of one storage; on leaving, the writes become one log record, or none when an error leaves."""

    __slots__ = ("_durable", "_pending", "_storage", "_wait")

    def __init__(self, storage: LoggedStorage, pending: P, durable: bool = True, wait: bool = True) -> None:
        self._storage, self._pending = storage, pending
        self._durable, self._wait = durable, durable and wait

    def __enter__(self) -> P:
        self._storage.acquire()
        return self._pending

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            seq = self._settle(kind is None)
        finally:
            self._pending.finish()
            self._storage.release()
        if seq and self._wait:
            self._storage.sync(seq)

    def _settle(self, good: bool) -> int:
        storage, pending = self._storage, self._pending
        if not good:
            pending.rollback()
            return 0
        if not pending.ops:
            return 0
        try:
            seq = storage.commit(pending.ops, durable=self._durable)
        except BaseException:
            pending.rollback()
            raise
        if seq:
            storage.checkpoint_if_due()
        return seq
