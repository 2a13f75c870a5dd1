"""The tables of one sandbox that several processes share."""

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
"""Milliseconds after which a transaction that has not ended may be overtaken: its process is dead or stands still."""
LOCK_TIMEOUT_SECONDS = 8.0
"""Seconds to wait for others' transactions."""
CHECKPOINT_BYTES = 4 * 1024 * 1024


def _ignore_change(changed: ChangedCollections) -> None:
    """Tell nobody."""


def _ignore_write(name: str, n: int, record: dict[str, Any] | None) -> None:
    """Do nothing to any table."""


class SharedStorage(MemoryStorage):
    """A copy in memory, brought up to date whenever a transaction begins."""

    is_logged = True

    def __init__(self, redis: RedisClient, name: str, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        super().__init__()
        self.name = name
        self.on_change: Callable[[ChangedCollections], None] = _ignore_change
        """Called, under the lock, when what others have written has just been taken over."""
        self.apply_write: Callable[[str, int, dict[str, Any] | None], None]
        """(table, number, record or None for none): how one of their writes is done here too."""
        self._redis = redis
        self.keys = [redis.key(f"{{{name}}}", part) for part in ("meta", "log", "checkpoint", "lock")]
        self.notifies_due = False
        """Whether others are to be told that something is due, once the transaction that is open is kept."""
        self.is_registered = False
        """Whether the store knows it among its sandboxes."""
        self._seq, self._mark, self._incarnation = -1, "", 0
        self._token = ""
        self._looks_begun = self._last_look = 0
        """How many looks at what others have written have been begun, and which of them was the last to see it."""
        self._log_bytes, self._threshold, self._checkpoint_bytes = 0, checkpoint_bytes, checkpoint_bytes

    @property
    def has_records(self) -> bool:
        """Whether anything was ever written."""
        return self._seq > 0

    @property
    def is_in_transaction(self) -> bool:
        """Whether this very thread has a transaction open."""
        return self._owner == threading.get_ident()

    def refresh(self) -> None:
        """Take over what others have written; StoreGone when the sandbox has been deleted."""
        self.acquire(read_only=True)
        self.release()

    def acquire(self, *, read_only: bool = False) -> None:
        """Take the sandbox's lock, here and for all processes, and take over what others have written.

        Who only reads reads what was there at one moment, and keeps nobody out.
        """
        begun = self._looks_begun
        super().acquire()
        try:
            if read_only and self._last_look > begun:
                return  # While we waited for the lock someone has begun to look, and has seen.
            self._token = "" if read_only else self._redis.next_token()
            self._apply_remote_changes(self._begin_transaction())
            self._last_look = self._looks_begun
        except BaseException:
            self.release()
            raise

    def _begin_transaction(self) -> list[Any]:
        for _ in poll_with_backoff(LOCK_TIMEOUT_SECONDS):
            self._looks_begun += 1
            answer: list[Any] = self._redis.run_script(
                BEGIN_TRANSACTION, self.keys, self._seq, self._mark, self._token, LOCK_LEASE_MS, can_retry=True
            )
            if answer[0] != LOCK_BUSY:
                return answer
        raise StoreError(f"{self._redis.display_url}: others have kept {self.name!r} for {LOCK_TIMEOUT_SECONDS:.0f} s")

    def release(self) -> None:
        """Let go of the lock, here and for all processes."""
        token, self._token = self._token, ""
        try:
            if token:
                self._redis.run_script(RELEASE_LOCK, self.keys[3:], token, can_retry=True)
        except StoreError:
            pass  # The lease ends by itself.
        finally:
            super().release()

    def close(self) -> None:
        """Let go of the copy; it is waited for whoever uses it now."""
        super().acquire()
        self.abandon()
        super().release()

    def abandon(self) -> None:
        """Let go of the copy; the caller holds the lock."""
        super().abandon()
        # These lead back here too, as the watchers do.
        self.on_change, self.apply_write = _ignore_change, _ignore_write

    def _apply_remote_changes(self, answer: list[Any]) -> None:
        if answer[0] == SANDBOX_GONE:
            if self._seq > 0:
                raise SandboxGone(f"the sandbox {self.name!r} has been deleted")
            return
        if len(answer) == 1:
            return
        seq, mark, checkpoint, records = answer
        changed = self._load_checkpoint(checkpoint) if checkpoint is not None else frozenset()
        for record in records:
            changed = self._apply_record(json.loads(record.partition(b" ")[2]), changed)
            self._log_bytes += len(record)
        self._seq, self._mark = seq, mark.decode()
        self.on_change(changed)

    def _load_checkpoint(self, checkpoint: bytes) -> ChangedCollections:
        """Begin from a checkpoint; that of the life known already only tells the same again."""
        empty = {"life": 0, "tables": {}, "next_ids": {}}
        kept: dict[str, Any] = json.loads(checkpoint) if checkpoint else empty
        same_life = kept["life"] == self._incarnation and self._seq >= 0
        before = frozenset(self._tables)
        self._incarnation, self._log_bytes = kept["life"], 0
        self._threshold = max(self._checkpoint_bytes, len(checkpoint))
        self._replace_tables(kept["tables"], kept["next_ids"])
        return before | frozenset(self._tables) if same_life else None

    def _apply_record(self, ops: Ops, changed: ChangedCollections) -> ChangedCollections:
        for op, name, n, *record in ops:
            self.apply_write(name, n, record[0] if op == "put" else None)
            self.reserve_id(name, n)
            changed = None if changed is None else changed | {name}
        return changed

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Keep the writes for all processes, and let go of the lock there; StoreError if it was lost meanwhile."""
        record = to_json(ops)
        full = self._log_bytes + len(record) > self._threshold
        return self._commit_record(
            record, self._encode_checkpoint(self._incarnation, self.read(), self._next_ids) if full else b""
        )

    def commit_load(self, state: State) -> int:
        """Put a whole state in everything's place: another life begins."""
        return self._replace_state(*number_records(state))

    def commit_tables(self, tables: Tables) -> None:
        """Put these tables in everything's place: another life begins."""
        self._replace_state(*replace_tables(tables, self._next_ids))

    def _replace_state(self, tables: Tables, next_ids: dict[str, int]) -> int:
        seq = self._commit_record(b"[]", self._encode_checkpoint(self._incarnation + 1, tables, next_ids))
        self._incarnation += 1
        return seq

    def _encode_checkpoint(self, life: int, tables: Tables, next_ids: dict[str, int]) -> bytes:
        return to_json({"life": life, "tables": tables, "next_ids": next_ids})

    def _commit_record(self, record: bytes, checkpoint: bytes) -> int:
        token = self._token
        seq: int = self._redis.run_script(COMMIT_TRANSACTION, self.keys, token, max(self._seq, 0), record, checkpoint)
        if seq in (SANDBOX_GONE, LOCK_LOST):
            why = "was deleted" if seq == SANDBOX_GONE else f"was others' after {LOCK_LEASE_MS / 1000:.0f} s"
            raise StoreError(f"{self._redis.display_url}: {self.name!r} {why}; nothing of the transaction was kept")
        self._token = ""
        self._seq, self._mark = seq, token
        self._log_bytes = 0 if checkpoint else self._log_bytes + len(record)
        self._threshold = max(self._checkpoint_bytes, len(checkpoint)) if checkpoint else self._threshold
        return seq
