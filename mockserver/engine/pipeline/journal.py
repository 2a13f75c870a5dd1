"""The stage that records every call, and the bounded journal it records in."""

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
"""The maximum number of body bytes that the journal shows; a longer body is cut and shown with its SHA-256."""
ENTRY_OVERHEAD_BYTES = 3_200
"""The approximate memory of an entry without its bodies, in bytes."""


@dataclass(slots=True)
class Entry:
    """One call with its reply and trace."""

    call: Call
    reply: Reply
    milliseconds: float
    bug: str | None = None
    at: int = field(default_factory=wall_time)
    """When the entry was made, on the wall clock, which charts of traffic use."""

    @property
    def id(self) -> str:
        return f"req_{self.call.serial}"

    @property
    def memory_bytes(self) -> int:
        """The approximate memory of the entry in bytes."""
        return ENTRY_OVERHEAD_BYTES + len(self.call.data) + len(self.reply.body)

    def summarize(self) -> dict[str, Any]:
        """Returns the entry as a list shows it; secrets are masked."""
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
        """Returns the whole entry; secrets are masked."""
        call, reply = self.call, self.reply
        secrets = list(call.sandbox.keys)
        request = {
            "query": {name: redact(value, secrets, name) for name, value in call.query},
            "headers": redact_headers(call.headers.items(), secrets),
            "body": render_body(call.data, secrets),
            "address": call.address,
        }
        response = {"headers": redact_headers(reply.headers, secrets), "body": render_body(reply.body, secrets)}
        wire = {name: str(getattr(reply.wire, name)) for name in reply.wire.__slots__} if reply.wire else None
        return {
            **self.summarize(),
            "key": call.key.id if call.key else None,
            "request": request,
            "response": response,
            "wire": wire,
            "problem": redact(str(reply.problem), secrets) if reply.problem else None,
            "trace": [
                {"stage": step.stage, "status": step.status, "note": redact(step.note, secrets)} for step in call.trace
            ],
            "bug": redact(self.bug, secrets) if self.bug else None,
        }


def render_body(data: bytes, secrets: Iterable[str]) -> dict[str, Any]:
    """Returns the size and the text of a body with masked secrets; for a long body, the cut text and its SHA-256."""
    is_long = len(data) > MAX_SHOWN_BODY_BYTES
    text = redact(data[:MAX_SHOWN_BODY_BYTES].decode("utf-8", "replace"), secrets, cut=is_long)
    digest = {"cut": True, "sha256": sha256(data).hexdigest()} if is_long else {}
    return {"size": len(data), "text": text, **digest}


class Budget:
    """Counts the memory of several journals, and calls ``free_memory`` when the sum exceeds the limit."""

    def __init__(self, limit: float = inf, free_memory: Callable[[], None] = lambda: None) -> None:
        self.limit, self.free_memory = limit, free_memory
        self.used = 0
        self.lock = Lock()


class Journal:
    """The newest calls of a sandbox, bounded in number and in bytes; evicted calls are counted."""

    sandbox: SandboxView
    """Set by the sandbox that owns the journal."""

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
        """The number of calls recorded since the journal was created, including evicted and cleared calls."""
        return self._total

    @property
    def dropped(self) -> int:
        """The number of calls evicted since the journal was last cleared."""
        return self._dropped

    @property
    def status_counts(self) -> Mapping[int, int]:
        """The number of calls by status since the journal was created."""
        return self._status_counts

    @property
    def memory_bytes(self) -> int:
        """The approximate memory of all entries in bytes."""
        return self._bytes

    def record(self, call: Call, reply: Reply, milliseconds: float, bug: str | None) -> None:
        """Adds a call with its reply; ``bug`` is the traceback of an internal error."""
        self.add(Entry(call, reply, milliseconds, bug))

    def add(self, entry: Entry) -> None:
        """Adds an entry and evicts the oldest beyond the bounds."""
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
        # Outside the lock, because the budget can call evict_bytes of this or another journal.
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
        """Evicts the oldest entries, never the newest, until ``bytes`` are free; returns the number of bytes freed."""
        with self._lock:
            before = self._bytes
            while len(self._entries) > 1 and before - self._bytes < bytes:
                self._evict_oldest()
            return before - self._bytes

    def wait_for_entries(self, number: int, seconds: float) -> tuple[int, list[Entry]]:
        """Waits until more than ``number`` entries have been recorded, for at most ``seconds``.

        Returns the new total, which the caller passes as ``number`` next time, and the new entries, oldest first.
        """
        with self._added:
            self._watchers += 1
            try:
                self._added.wait_for(lambda: self.total > number, seconds)
            finally:
                self._watchers -= 1
            new_count = min(self.total - number, len(self._entries))
            return self.total, list(islice(self._entries, len(self._entries) - new_count, None))

    def entries(self, match: Match | None = None) -> list[Entry]:
        """Returns all entries, or those that match, oldest first."""
        with self._lock:
            entries = list(self._entries)
        return entries if match is None else [entry for entry in entries if match.matches(entry.call)]

    def clear(self) -> None:
        with self._lock:
            freed = self._bytes
            self._entries.clear()
            self._bytes = self._dropped = 0
        self._account(-freed)

    def close(self) -> None:
        """Clears the journal and discards all later entries."""
        self._max_entries = 0
        self.clear()

    def near_misses(self, match: Match | ActiveRule, limit: int = 3) -> Iterator[dict[str, Any]]:
        """Yields at most ``limit`` calls that do not match, each with its mismatches as ``why``.

        The call with the fewest mismatches comes first; of equal calls, the newest.
        """
        missed = [(list(match.mismatches(entry.call)), entry) for entry in reversed(self.entries())]
        ranked = sorted((pair for pair in missed if pair[0]), key=lambda pair: len(pair[0]))
        return (
            {**entry.summarize(), "why": [redact(each, list(entry.call.sandbox.keys)) for each in why]}
            for why, entry in ranked[:limit]
        )


def journal(call: Call, proceed: Proceed) -> Reply:
    """Records the call with its reply, also when the rest of the pipeline raises."""
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
