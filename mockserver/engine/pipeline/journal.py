"""The stage that writes every call down, and the bounded journal it writes into."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from math import inf
from threading import Condition, Lock
from time import perf_counter
from traceback import format_exc
from typing import Any

from mockserver.engine.core.call import Call, Proceed, SandboxView
from mockserver.engine.core.clock import format_instant, wall_time
from mockserver.engine.core.problem import StaleEpoch, storage_failure_status
from mockserver.engine.core.redaction import redact, redact_headers
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.match import Match
from mockserver.engine.faults.rule import ActiveRule
from mockserver.storage.base import StoreError

MAX_SHOWN_BODY_BYTES = 65_536
"""Of longer bodies the journal shows this many bytes, and the size and hash of the whole."""
ENTRY_OVERHEAD_BYTES = 3_200
"""What an entry costs beside its bodies, about."""


@dataclass(slots=True)
class Entry:
    """One call, what was answered and how it came to that."""

    call: Call
    reply: Reply
    milliseconds: float
    bug: str | None = None
    at: int = field(default_factory=wall_time)
    """When it was written down, on the machine's clock: what charts are drawn over."""

    @property
    def id(self) -> str:
        """The entry's name in the journal."""
        return f"req_{self.call.serial}"

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory it takes."""
        return ENTRY_OVERHEAD_BYTES + len(self.call.data) + len(self.reply.body)

    def summarize(self) -> dict[str, Any]:
        """The entry in one line."""
        call = self.call
        return {
            "id": self.id,
            "at": format_instant(call.now),
            "method": call.method,
            "path": redact(call.path, list(call.sandbox.keys)),
            "operation": call.operation.name if call.operation else None,
            "status": self.reply.status or None,
            "milliseconds": round(self.milliseconds, 3),
            "faults": list(call.fired),
        }

    def render(self) -> dict[str, Any]:
        """The whole entry, its secrets redacted."""
        call, reply = self.call, self.reply
        secrets = list(call.sandbox.keys)
        request = {
            "query": {name: redact(value, secrets, name) for name, value in call.query},
            "headers": redact_headers(call.headers.items(), secrets),
            "body": render_body(call.data, secrets),
            "address": call.address,
        }
        answer = {"headers": redact_headers(reply.headers, secrets), "body": render_body(reply.body, secrets)}
        wire = {name: str(getattr(reply.wire, name)) for name in reply.wire.__slots__} if reply.wire else None
        return {
            **self.summarize(),
            "key": call.key.id if call.key else None,
            "request": request,
            "response": answer,
            "wire": wire,
            "problem": redact(str(reply.problem), secrets) if reply.problem else None,
            "trace": [
                {"stage": step.stage, "status": step.status, "note": redact(step.note, secrets)} for step in call.trace
            ],
            "bug": redact(self.bug, secrets) if self.bug else None,
        }


def render_body(data: bytes, secrets: Iterable[str]) -> dict[str, Any]:
    """A body as text with its secrets redacted; of a long one the beginning, and the hash of the whole."""
    long = len(data) > MAX_SHOWN_BODY_BYTES
    text = redact(data[:MAX_SHOWN_BODY_BYTES].decode("utf-8", "replace"), secrets, cut=long)
    cut = {"cut": True, "sha256": sha256(data).hexdigest()} if long else {}
    return {"size": len(data), "text": text, **cut}


class Budget:
    """How many bytes of memory several journals take together, and what is done beyond the most they may."""

    def __init__(self, limit: float = inf, free_memory: Callable[[], None] = lambda: None) -> None:
        self.limit, self.free_memory = limit, free_memory
        self.used = 0
        self.lock = Lock()


class Journal:
    """The newest calls of a sandbox, bounded in number and in bytes; what falls out is counted."""

    sandbox: SandboxView
    """Whose calls these are; said by the sandbox itself."""

    def __init__(self, entries: int, bytes: int, budget: Budget | None = None) -> None:
        self._max_entries, self._max_bytes, self._budget = entries, bytes, budget or Budget()
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._lock = Lock()
        self._added = Condition(self._lock)
        self._watchers = 0
        self._total = 0
        self._dropped = 0
        self._status_counts: Counter[int] = Counter()

    @property
    def total(self) -> int:
        """How many calls have ever been written down here."""
        return self._total

    @property
    def dropped(self) -> int:
        """How many calls fell out of the journal since it was cleared."""
        return self._dropped

    @property
    def status_counts(self) -> Mapping[int, int]:
        """How many calls got which status, since the start."""
        return self._status_counts

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory it takes."""
        return self._bytes

    def record(self, call: Call, reply: Reply, milliseconds: float, bug: str | None) -> None:
        """Add a call with its reply, and the traceback of the bug of ours it hit."""
        self.add(Entry(call, reply, milliseconds, bug))

    def add(self, entry: Entry) -> None:
        """Write an entry down, and forget the oldest beyond the bounds."""
        with self._lock:
            before = self._bytes
            self._entries.append(entry)
            self._total += 1
            self._status_counts[entry.reply.status] += 1
            self._bytes += entry.memory_bytes
            while len(self._entries) > self._max_entries or (self._bytes > self._max_bytes and len(self._entries) > 1):
                self._evict_oldest()
            grown = self._bytes - before
            if self._watchers:
                self._added.notify_all()
        # Without the lock: whoever is told may ask this or another journal to shed.
        if grown:
            self._account(grown)

    def _account(self, by: int) -> None:
        budget = self._budget
        with budget.lock:
            budget.used += by
            if budget.used > budget.limit:
                budget.free_memory()

    def _evict_oldest(self) -> None:
        self._bytes -= self._entries.popleft().memory_bytes
        self._dropped += 1

    def evict_bytes(self, bytes: int) -> int:
        """Forget the oldest entries until so many bytes are free, but not the newest; answers how many are."""
        with self._lock:
            before = self._bytes
            while len(self._entries) > 1 and before - self._bytes < bytes:
                self._evict_oldest()
            return before - self._bytes

    def wait_for_entries(self, number: int, seconds: float) -> tuple[int, list[Entry]]:
        """The calls behind the ``number`` first ever, oldest first, once there is one or the time is up.

        Answers with them the number to ask behind the next time.
        """
        with self._added:
            self._watchers += 1
            try:
                self._added.wait_for(lambda: self.total > number, seconds)
            finally:
                self._watchers -= 1
            newer = min(self.total - number, len(self._entries))
            return self.total, list(islice(self._entries, len(self._entries) - newer, None))

    def entries(self, match: Match | None = None) -> list[Entry]:
        """The calls kept, oldest first; with a match, only those meant."""
        with self._lock:
            entries = list(self._entries)
        return entries if match is None else [entry for entry in entries if match.matches(entry.call)]

    def clear(self) -> None:
        """Forget every call."""
        with self._lock:
            freed = self._bytes
            self._entries.clear()
            self._bytes = self._dropped = 0
        self._account(-freed)

    def close(self) -> None:
        """Forget every call, and those that are yet to come."""
        self._max_entries = 0
        self.clear()

    def near_misses(self, match: Match | ActiveRule, most: int = 3) -> Iterator[dict[str, Any]]:
        """The calls that come nearest to a match without being meant, and why not; the newest of equals first."""
        missed = [(list(match.mismatches(entry.call)), entry) for entry in reversed(self.entries())]
        ranked = sorted((pair for pair in missed if pair[0]), key=lambda pair: len(pair[0]))
        return (
            {**entry.summarize(), "why": [redact(each, list(entry.call.sandbox.keys)) for each in why]}
            for why, entry in ranked[:most]
        )


def journal(call: Call, proceed: Proceed) -> Reply:
    """Write the call down when it has been answered, or when it hit a bug of ours."""
    began = perf_counter()
    reply, bug = Reply(500), None
    try:
        reply = proceed(call)
    except Exception as error:
        bug = format_exc()
        reply = Reply(_error_status(error))
        raise
    finally:
        call.sandbox.journal.record(call, reply, (perf_counter() - began) * 1000, bug)
    return reply


def _error_status(error: Exception) -> int:
    if isinstance(error, StoreError):
        return storage_failure_status(error)[0]
    return 503 if isinstance(error, StaleEpoch) else 500
