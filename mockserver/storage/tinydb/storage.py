"""The tables of one sandbox with a write-ahead log behind them and a checkpoint behind that."""

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
    """The tables of one sandbox, kept on the disk."""

    is_logged = True

    def __init__(self, paths: SandboxPaths, disk: Disk) -> None:
        super().__init__()
        self._deferred_ops: dict[tuple[str, int], list[Any]] = {}
        """By table and number, what was only counted while the disk took nothing; the next record takes it along."""
        self._paths, self._disk, self._log = paths, disk, WriteAheadLog(paths, disk)
        found = checkpoint.load(paths, disk)
        reading = self._log.open(found.last_seq)
        for ops in reading.ops():
            replay(found, ops)
        self._log.written = reading.written or found.written
        self._tables, self._next_ids, self._generation = found.tables, found.next_ids, found.generation
        self._threshold = max(disk.checkpoint_bytes, found.size)
        kept_in = found.schema or reading.schema or schema.SCHEMA
        if kept_in < schema.SCHEMA:
            self._migrate(kept_in)

    def _migrate(self, kept_in: int) -> None:
        """Come into today's schema; what lay on the disk in the older one stays there under another name."""
        paths, files = self._paths, self._disk.files
        self._tables = schema.migrate(self._tables, kept_in)
        for path in filter(files.exists, (paths.checkpoint, paths.log)):
            copy = path.with_name(f"{path.name}.schema-{kept_in}")
            files.unlink(copy)
            files.link_or_copy(path, copy)
        self._checkpoint()
        _log.warning("%s: brought from schema %d to %d", paths.checkpoint, kept_in, schema.SCHEMA)

    def set_time_source(self, time: Callable[[], WriteTimes]) -> None:
        """Have each record say when it was written."""
        self._log.clock = time

    def after_overwrite(self) -> None:
        """Follow the record of all tables with a checkpoint at once."""
        self._try_checkpoint()
        self.flush()

    def commit_load(self, state: State) -> int:
        """Put the whole state into the log as one record."""
        seq = self._log.append(b'[["load",%b]]' % self._disk.json_cache.encode_state(state))
        self._deferred_ops.clear()
        return seq

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Put the writes into the log as one record and answer its seq; the caller holds the lock.

        Writes that need not be durable are owed to the log, and 0 answered, while the disk does not take them.
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
        """Wait until the record is as safe as was promised; the caller does not hold the lock."""
        if self._disk.is_synchronous:
            self._log.sync(seq)

    def wait_until_durable(self) -> None:
        """Wait until everything written so far is as safe as was promised."""
        self.sync(self._log.seq)

    def flush(self) -> None:
        """Wait until everything written so far is on the disk."""
        self._log.sync(self._log.seq)

    def checkpoint_if_due(self) -> None:
        """Write a checkpoint once the log has outgrown it; the caller holds the lock."""
        if self._log.size > self._threshold:
            self._try_checkpoint()

    def _try_checkpoint(self) -> None:
        try:
            self._checkpoint()
        except OSError as error:  # the log still has everything, so this can wait
            self._threshold = self._log.size + self._disk.checkpoint_bytes
            path = self._paths.checkpoint
            _log.warning("%s: no checkpoint could be written (%s); going on with the log", path, error)

    def _checkpoint(self) -> None:
        self._disk.refuse_if_failed()
        # With the checkpoint before, the log says all that this one does: a repair needs no more than those two.
        self._log.sync(self._log.seq)
        state = Checkpoint(self._log.seq, self.read(), self._next_ids, self._generation + 1, written=self._log.written)
        size = checkpoint.save(self._paths, self._disk, state)
        self._generation = state.generation
        self._deferred_ops.clear()
        self._log.rotate()
        self._threshold = max(self._disk.checkpoint_bytes, size)

    def close(self) -> None:
        """Write a checkpoint if the log holds anything, and let go of the files."""
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
        """Let go of the files as they are; the caller holds the lock."""
        super().abandon()
        self._log.close()
