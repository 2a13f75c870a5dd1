"""The journals of all sandboxes: each has its bounds, and all together have one."""

from __future__ import annotations

from mockserver.engine.pipeline.journal import Budget, Journal
from mockserver.engine.pipeline.shared_journal import SharedJournal
from mockserver.storage.base import SharedJournalLog

EVICTION_DIVISOR = 64
"""When all together are too large, this part of what they may be is made free: not every call has to look for room."""


class Journals:
    """Makes the journals of sandboxes; the largest gives up its oldest entries when all together grow too large."""

    def __init__(
        self, entries: int = 10_000, bytes: int = 64 * 1024 * 1024, total_bytes: int = 512 * 1024 * 1024
    ) -> None:
        self.entries, self.bytes, self.total_bytes = entries, bytes, total_bytes
        self._journals: list[Journal] = []
        self._budget = Budget(total_bytes, self._evict)

    def create(self, shared_log: SharedJournalLog | None) -> Journal:
        """The journal of a sandbox; where there is a tape it takes no memory here, and so none from the others."""
        if shared_log is not None:
            return SharedJournal(shared_log, self.entries, self.bytes)
        journal = Journal(self.entries, self.bytes, self._budget)
        with self._budget.lock:
            self._journals.append(journal)
        return journal

    def remove(self, journal: Journal) -> None:
        """Have nothing more of a sandbox that is gone, nor of its calls that are still under way."""
        journal.close()
        with self._budget.lock:
            if journal in self._journals:
                self._journals.remove(journal)

    def _evict(self) -> None:
        budget, wanted = self._budget, self.total_bytes - self.total_bytes // EVICTION_DIVISOR
        while budget.used > wanted and self._journals:
            largest = max(self._journals, key=lambda journal: journal.memory_bytes)
            freed = largest.evict_bytes(budget.used - wanted)
            if not freed:
                return
            budget.used -= freed
