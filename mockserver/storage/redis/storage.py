"""The tables of one sandbox, which several processes share through Redis."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from mockserver.storage.base import ChangedCollections, SandboxGone, State, StoreError
from mockserver.storage.redis.client import RedisClient, poll_with_backoff
from mockserver.storage.redis.scripts import (
    BEGIN_TRANSACTION,
    COMMIT_TRANSACTION,
    LOCK_BUSY,
    LOCK_LOST,
    RELEASE_LOCK,
    SANDBOX_GONE,
)
from mockserver.storage.tinydb.json_encoding import to_json
from mockserver.storage.tinydb.log_format import Ops
from mockserver.storage.tinydb.memory import MemoryStorage
from mockserver.storage.tinydb.replay import number_records, replace_tables
from mockserver.storage.tinydb.schema import Tables

LOCK_LEASE_MS = 3_000
"""Milliseconds after which an unfinished transaction loses its lock, because its process may be dead or stopped."""
LOCK_TIMEOUT_SECONDS = 8.0
"""Seconds to wait for the lock while other processes hold it."""
CHECKPOINT_BYTES = 4 * 1024 * 1024
"""Bytes of log after which a checkpoint is written; if the last checkpoint is larger, its size is used instead."""


def _ignore_change(changed: ChangedCollections) -> None: ...


def _ignore_write(name: str, n: int, record: dict[str, Any] | None) -> None: ...


class SharedStorage(MemoryStorage):
    """A copy of the tables in memory, updated with remote changes when a transaction begins."""

    is_logged = True

    def __init__(self, redis: RedisClient, name: str, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        super().__init__()
        self.name = name
        self.on_change: Callable[[ChangedCollections], None] = _ignore_change
        """Called under the lock after remote changes have been applied."""
        self.apply_write: Callable[[str, int, dict[str, Any] | None], None]
        """Applies a remote write; gets the table, the doc_id and the record, which is None for a deletion."""
        self._redis = redis
        self.keys = [redis.key(f"{{{name}}}", part) for part in ("meta", "log", "checkpoint", "lock")]
        self.notifies_due = False
        """Whether to notify other processes, after the open transaction is committed, that something is due."""
        self.is_registered = False
        """Whether the set of sandbox names in Redis contains this one."""
        self._seq, self._mark, self._incarnation = -1, "", 0
        self._token = ""
        self._reads_started = self._last_read = 0
        """The number of reads of remote changes so far, and the number of the last one that succeeded."""
        self._log_bytes, self._threshold, self._checkpoint_bytes = 0, checkpoint_bytes, checkpoint_bytes

    @property
    def has_records(self) -> bool:
        return self._seq > 0

    @property
    def is_in_transaction(self) -> bool:
        """Whether the current thread has a transaction open."""
        return self._owner == threading.get_ident()

    def refresh(self) -> None:
        """Applies remote changes; raises SandboxGone if the sandbox was deleted."""
        self.acquire(read_only=True)
        self.release()

    def acquire(self, *, read_only: bool = False) -> None:
        """Takes the sandbox's lock, which excludes all other processes, and applies remote changes.

        With ``read_only`` it excludes only the other threads of this process; the copy then contains complete
        transactions only. Raises SandboxGone if the sandbox was deleted, StoreError if Redis fails or the lock is not
        free in time.
        """
        reads_started = self._reads_started
        super().acquire()
        try:
            if read_only and self._last_read > reads_started:
                return  # Another thread started and finished a read while this one waited for the lock.
            self._token = "" if read_only else self._redis.next_token()
            self._apply_remote_changes(self._begin_transaction())
            self._last_read = self._reads_started
        except BaseException:
            self.release()
            raise

    def _begin_transaction(self) -> list[Any]:
        for _ in poll_with_backoff(LOCK_TIMEOUT_SECONDS):
            self._reads_started += 1
            response: list[Any] = self._redis.run_script(
                BEGIN_TRANSACTION, self.keys, self._seq, self._mark, self._token, LOCK_LEASE_MS, can_retry=True
            )
            if response[0] != LOCK_BUSY:
                return response
        raise StoreError(
            f"{self._redis.display_url}: other processes have locked {self.name!r} for {LOCK_TIMEOUT_SECONDS:.0f} s"
        )

    def release(self) -> None:
        token, self._token = self._token, ""
        try:
            if token:
                self._redis.run_script(RELEASE_LOCK, self.keys[3:], token, can_retry=True)
        except StoreError:
            pass  # The lock expires at the end of its lease.
        finally:
            super().release()

    def close(self) -> None:
        """Waits for the current transaction and discards the copy."""
        super().acquire()
        self.abandon()
        super().release()

    def abandon(self) -> None:
        super().abandon()
        # These callbacks refer back to this object; see MemoryStorage.abandon.
        self.on_change, self.apply_write = _ignore_change, _ignore_write

    def _apply_remote_changes(self, response: list[Any]) -> None:
        if response[0] == SANDBOX_GONE:
            if self._seq > 0:
                raise SandboxGone(f"the sandbox {self.name!r} was deleted")
            return
        if len(response) == 1:  # Nothing has changed.
            return
        seq, mark, checkpoint, records = response
        changed = self._load_checkpoint(checkpoint) if checkpoint is not None else frozenset()
        for record in records:
            changed = self._apply_record(json.loads(record.partition(b" ")[2]), changed)
            self._log_bytes += len(record)
        self._seq, self._mark = seq, mark.decode()
        self.on_change(changed)

    def _load_checkpoint(self, checkpoint: bytes) -> ChangedCollections:
        """Replaces the tables with those of a checkpoint and returns the changed collections.

        Returns None for a new incarnation, which means that another process has replaced the whole state.
        """
        empty = {"life": 0, "tables": {}, "next_ids": {}}
        state: dict[str, Any] = json.loads(checkpoint) if checkpoint else empty
        same_incarnation = state["life"] == self._incarnation and self._seq >= 0
        old_tables = frozenset(self._tables)
        self._incarnation, self._log_bytes = state["life"], 0
        self._threshold = max(self._checkpoint_bytes, len(checkpoint))
        self._replace_tables(state["tables"], state["next_ids"])
        return old_tables | frozenset(self._tables) if same_incarnation else None

    def _apply_record(self, ops: Ops, changed: ChangedCollections) -> ChangedCollections:
        for op, name, n, *record in ops:
            self.apply_write(name, n, record[0] if op == "put" else None)
            self.reserve_id(name, n)
            changed = None if changed is None else changed | {name}
        return changed

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Appends the writes to the log in Redis and releases the lock; raises StoreError if the lock was lost."""
        record, checkpoint = to_json(ops), b""
        if self._log_bytes + len(record) > self._threshold:
            checkpoint = self._encode_checkpoint(self._incarnation, self.read(), self._next_ids)
        return self._commit_record(record, checkpoint)

    def commit_load(self, state: State) -> int:
        return self._commit_replacement(*number_records(state))

    def commit_tables(self, tables: Tables) -> None:
        self._commit_replacement(*replace_tables(tables, self._next_ids))

    def _commit_replacement(self, tables: Tables, next_ids: dict[str, int]) -> int:
        """Writes a checkpoint with a new incarnation, so that other processes see that the whole state was replaced."""
        seq = self._commit_record(b"[]", self._encode_checkpoint(self._incarnation + 1, tables, next_ids))
        self._incarnation += 1
        return seq

    def _encode_checkpoint(self, incarnation: int, tables: Tables, next_ids: dict[str, int]) -> bytes:
        return to_json({"life": incarnation, "tables": tables, "next_ids": next_ids})

    def _commit_record(self, record: bytes, checkpoint: bytes) -> int:
        token = self._token
        seq: int = self._redis.run_script(COMMIT_TRANSACTION, self.keys, token, max(self._seq, 0), record, checkpoint)
        if seq in (SANDBOX_GONE, LOCK_LOST):
            reason = "was deleted" if seq == SANDBOX_GONE else f"lost its lock after {LOCK_LEASE_MS / 1000:.0f} s"
            raise StoreError(f"{self._redis.display_url}: {self.name!r} {reason}; the transaction was discarded")
        self._token = ""
        self._seq, self._mark = seq, token
        self._log_bytes = 0 if checkpoint else self._log_bytes + len(record)
        self._threshold = max(self._checkpoint_bytes, len(checkpoint)) if checkpoint else self._threshold
        return seq
