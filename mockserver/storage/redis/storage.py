"""The tables of one sandbox that several processes share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from mockserver.storage.base import Changed, State, StoreError, StoreGone
from mockserver.storage.redis.link import Link, patiently
from mockserver.storage.redis.scripts import BEGIN, BUSY, COMMIT, GONE, LET_GO, LOST
from mockserver.storage.tinydb.encoded import to_json
from mockserver.storage.tinydb.lines import Ops
from mockserver.storage.tinydb.memory import Memory
from mockserver.storage.tinydb.replay import exchanged, numbered
from mockserver.storage.tinydb.schema import Tables

LEASE = 3_000
"""Milliseconds after which a transaction that has not ended may be overtaken: its process is dead or stands still."""
PATIENCE = 8.0
"""Seconds to wait for others' transactions."""
CHECKPOINT_BYTES = 4 * 1024 * 1024


def _nobody_asks(changed: Changed) -> None:
    """Tell nobody."""


def _nowhere(name: str, n: int, record: dict[str, Any] | None) -> None:
    """Do nothing to any table."""


class SharedStorage(Memory):
    """A copy in memory, brought up to date whenever a transaction begins."""

    logged = True

    def __init__(self, link: Link, name: str, checkpoint_bytes: int = CHECKPOINT_BYTES) -> None:
        super().__init__()
        self.name = name
        self.on_change: Callable[[Changed], None] = _nobody_asks
        """Called, under the lock, when what others have written has just been taken over."""
        self.place: Callable[[str, int, dict[str, Any] | None], None]
        """(table, number, record or None for none): how one of their writes is done here too."""
        self._link = link
        self.keys = [link.key(f"{{{name}}}", part) for part in ("meta", "log", "checkpoint", "lock")]
        self.calls = False
        """Whether others are to be told that something is due, once the transaction that is open is kept."""
        self.named = False
        """Whether the store knows it among its sandboxes."""
        self._seq, self._mark, self._life = -1, "", 0
        self._token = ""
        self._begun = self._looked = 0
        """How many looks at what others have written have been begun, and which of them was the last to see it."""
        self._behind, self._threshold, self._checkpoint_bytes = 0, checkpoint_bytes, checkpoint_bytes

    @property
    def kept(self) -> bool:
        """Whether anything was ever written."""
        return self._seq > 0

    @property
    def open(self) -> bool:
        """Whether this very thread has a transaction open."""
        return self._owner == threading.get_ident()

    def refresh(self) -> None:
        """Take over what others have written; StoreGone when the sandbox has been deleted."""
        self.acquire(reading=True)
        self.release()

    def acquire(self, *, reading: bool = False) -> None:
        """Take the sandbox's lock, here and for all processes, and take over what others have written.

        Who only reads reads what was there at one moment, and keeps nobody out.
        """
        begun = self._begun
        super().acquire()
        try:
            if reading and self._looked > begun:
                return  # While we waited for the lock someone has begun to look, and has seen.
            self._token = "" if reading else self._link.token()
            self._take_over(self._begin())
            self._looked = self._begun
        except BaseException:
            self.release()
            raise

    def _begin(self) -> list[Any]:
        for _ in patiently(PATIENCE):
            self._begun += 1
            answer: list[Any] = self._link.run(BEGIN, self.keys, self._seq, self._mark, self._token, LEASE, again=True)
            if answer[0] != BUSY:
                return answer
        raise StoreError(f"{self._link.where}: others have kept {self.name!r} for {PATIENCE:.0f} s")

    def release(self) -> None:
        """Let go of the lock, here and for all processes."""
        token, self._token = self._token, ""
        try:
            if token:
                self._link.run(LET_GO, self.keys[3:], token, again=True)
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
        self.on_change, self.place = _nobody_asks, _nowhere

    def _take_over(self, answer: list[Any]) -> None:
        if answer[0] == GONE:
            if self._seq > 0:
                raise StoreGone(f"the sandbox {self.name!r} has been deleted")
            return
        if len(answer) == 1:
            return
        seq, mark, checkpoint, records = answer
        changed = self._replace(checkpoint) if checkpoint is not None else frozenset()
        for record in records:
            changed = self._replay(json.loads(record.partition(b" ")[2]), changed)
            self._behind += len(record)
        self._seq, self._mark = seq, mark.decode()
        self.on_change(changed)

    def _replace(self, checkpoint: bytes) -> Changed:
        """Begin from a checkpoint; that of the life known already only tells the same again."""
        empty = {"life": 0, "tables": {}, "next_ids": {}}
        kept: dict[str, Any] = json.loads(checkpoint) if checkpoint else empty
        same_life = kept["life"] == self._life and self._seq >= 0
        before = frozenset(self._tables)
        self._life, self._behind = kept["life"], 0
        self._threshold = max(self._checkpoint_bytes, len(checkpoint))
        self._exchange(kept["tables"], kept["next_ids"])
        return before | frozenset(self._tables) if same_life else None

    def _replay(self, ops: Ops, changed: Changed) -> Changed:
        for op, name, n, *record in ops:
            self.place(name, n, record[0] if op == "put" else None)
            self.use_id(name, n)
            changed = None if changed is None else changed | {name}
        return changed

    def commit(self, ops: Ops, *, durable: bool = True) -> int:
        """Keep the writes for all processes, and let go of the lock there; StoreError if it was lost meanwhile."""
        record = to_json(ops)
        full = self._behind + len(record) > self._threshold
        return self._keep(record, self._dump(self._life, self.read(), self._next_ids) if full else b"")

    def keep_load(self, state: State) -> int:
        """Put a whole state in everything's place: another life begins."""
        return self._begin_life(*numbered(state))

    def keep_write(self, tables: Tables) -> None:
        """Put these tables in everything's place: another life begins."""
        self._begin_life(*exchanged(tables, self._next_ids))

    def _begin_life(self, tables: Tables, next_ids: dict[str, int]) -> int:
        seq = self._keep(b"[]", self._dump(self._life + 1, tables, next_ids))
        self._life += 1
        return seq

    def _dump(self, life: int, tables: Tables, next_ids: dict[str, int]) -> bytes:
        return to_json({"life": life, "tables": tables, "next_ids": next_ids})

    def _keep(self, record: bytes, checkpoint: bytes) -> int:
        token = self._token
        seq: int = self._link.run(COMMIT, self.keys, token, max(self._seq, 0), record, checkpoint)
        if seq in (GONE, LOST):
            why = "was deleted" if seq == GONE else f"was others' after {LEASE / 1000:.0f} s"
            raise StoreError(f"{self._link.where}: {self.name!r} {why}; nothing of the transaction was kept")
        self._token = ""
        self._seq, self._mark = seq, token
        self._behind = 0 if checkpoint else self._behind + len(record)
        self._threshold = max(self._checkpoint_bytes, len(checkpoint)) if checkpoint else self._threshold
        return seq
