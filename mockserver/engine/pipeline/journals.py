"""The journals of all sandboxes. Each journal has bounds, and one memory limit applies to all of them together."""

from __future__ import annotations

from mockserver.engine.pipeline.journal import Budget, Journal
from mockserver.engine.pipeline.shared_journal import SharedJournal
from mockserver.storage.base import SharedJournalLog

EVICTION_DIVISOR = 64
"""An eviction frees 1/64 of the total limit, so that not every later call has to evict again."""


class Journals:
    """Creates the journals. When their total memory exceeds the limit, the largest evicts its oldest entries."""

    def __init__(
        self, entries: int = 10_000, bytes: int = 64 * 1024 * 1024, total_bytes: int = 512 * 1024 * 1024
    ) -> None:
        self.entries, self.bytes, self.total_bytes = entries, bytes, total_bytes
        self._journals: list[Journal] = []
        self._budget = Budget(total_bytes, self._evict)

    def create(self, shared_log: SharedJournalLog | None) -> Journal:
        """Creates a journal. A journal in a shared log uses no memory of this process, so it is not counted."""
        if shared_log is not None:
            return SharedJournal(shared_log, self.entries, self.bytes)
        journal = Journal(self.entries, self.bytes, self._budget)
        with self._budget.lock:
            self._journals.append(journal)
        return journal

    def remove(self, journal: Journal) -> None:
        """Closes the journal of a deleted sandbox, so that calls in flight add no entries to it."""
        journal.close()
        with self._budget.lock:
            if journal in self._journals:
                self._journals.remove(journal)

    def _evict(self) -> None:
        budget, target = self._budget, self.total_bytes - self.total_bytes // EVICTION_DIVISOR
        while budget.used > target and self._journals:
            largest = max(self._journals, key=lambda journal: journal.memory_bytes)
            freed = largest.evict_bytes(budget.used - target)
            if not freed:
                return
            budget.used -= freed
