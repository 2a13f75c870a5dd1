"""The tables of one sandbox in memory, made durable by a write-ahead log and a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mockserver.storage.base import State, StoreError, WriteTimes
from mockserver.storage.tinydb import checkpoint, schema
from mockserver.storage.tinydb.checkpoint import Checkpoint
from mockserver.storage.tinydb.disk import Disk, SandboxPaths
from mockserver.storage.tinydb.json_encoding import to_json
from mockserver.storage.tinydb.log import WriteAheadLog
from mockserver.storage.tinydb.log_format import Ops
from mockserver.storage.tinydb.memory import MemoryStorage
from mockserver.storage.tinydb.replay import replay

_log = logging.getLogger(__name__)


class LoggedStorage(MemoryStorage):
    """The tables of one sandbox, stored in a log and a checkpoint on the disk."""

    is_logged = True

    def __init__(self, paths: SandboxPaths, disk: Disk) -> None:
        super().__init__()
        self._deferred_ops: dict[tuple[str, int], list[Any]] = {}
        """Writes without ``durable`` that the disk did not accept, by table and doc_id; the next record has them."""
        self._paths, self._disk, self._log = paths, disk, WriteAheadLog(paths, disk)
        state = checkpoint.load(paths, disk)
        scan = self._log.open(state.last_seq)
        for ops in scan.ops():
            replay(state, ops)
        self._log.written = scan.written or state.written
        self._tables, self._next_ids, self._generation = state.tables, state.next_ids, state.generation
        self._threshold = max(disk.checkpoint_bytes, state.size)
        stored_schema = state.schema or scan.schema or schema.SCHEMA
        if stored_schema < schema.SCHEMA:
            self._migrate(stored_schema)

    def _migrate(self, stored_schema: int) -> None:
        """Migrates the tables to the current schema and keeps the old files under other names."""
        paths, files = self._paths, self._disk.files
        self._tables = schema.migrate(self._tables, stored_schema)
        for path in filter(files.exists, (paths.checkpoint, paths.log)):
            copy = path.with_name(f"{path.name}.schema-{stored_schema}")
            files.unlink(copy)
            files.link_or_copy(path, copy)
        self._checkpoint()
        _log.warning("%s: migrated from schema %d to %d", paths.checkpoint, stored_schema, schema.SCHEMA)

    def set_time_source(self, time: Callable[[], WriteTimes]) -> None:
        self._log.clock = time

    def after_overwrite(self) -> None:
        self._try_checkpoint()
        self.flush()

    def commit_load(self, state: State) -> int:
        seq = self._log.append(b'[["load",%b]]' % self._disk.json_cache.encode_state(state))
        self._deferred_ops.clear()
        return seq

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Appends the writes to the log as one record and returns its seq; the caller holds the lock.

        If the disk accepts no writes, writes without ``durable`` wait for the next record, and it returns 0.
        """
        try:
            seq = self._log.append(to_json([*self._deferred_ops.values(), *ops]))
        except StoreError:
            if durable:
                raise
            self._deferred_ops.update({(op[1], op[2]): op for op in ops})
            return 0
        self._deferred_ops.clear()
        return seq

    def sync(self, seq: int) -> None:
        if self._disk.is_synchronous:
            self._log.sync(seq)

    def wait_until_durable(self) -> None:
        self.sync(self._log.seq)

    def flush(self) -> None:
        self._log.sync(self._log.seq)

    def checkpoint_if_due(self) -> None:
        if self._log.size > self._threshold:
            self._try_checkpoint()

    def _try_checkpoint(self) -> None:
        try:
            self._checkpoint()
        except OSError as error:  # The log still has every record, so the checkpoint can wait.
            self._threshold = self._log.size + self._disk.checkpoint_bytes
            path = self._paths.checkpoint
            _log.warning("%s: no checkpoint could be written (%s); the log grows until the next attempt", path, error)

    def _checkpoint(self) -> None:
        self._disk.refuse_if_failed()
        # A repair rebuilds this checkpoint from the previous one and the log, so the log must be on the disk first.
        self._log.sync(self._log.seq)
        state = Checkpoint(self._log.seq, self.read(), self._next_ids, self._generation + 1, written=self._log.written)
        size = checkpoint.save(self._paths, self._disk, state)
        self._generation = state.generation
        self._deferred_ops.clear()
        self._log.rotate()
        self._threshold = max(self._disk.checkpoint_bytes, size)

    def close(self) -> None:
        """Writes a checkpoint if the log has records, and closes the files."""
        if self._closed:
            return
        with self.exclusive():
            try:
                if self._log.size and self._disk.failure is None:
                    self._try_checkpoint()
                    self.flush()
            finally:
                self.abandon()

    def abandon(self) -> None:
        super().abandon()
        self._log.close()
