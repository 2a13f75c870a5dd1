"""The journals of all sandboxes: each has its bounds, and all together have one."""

from __future__ import annotations

from mockserver.engine.pipeline.journal import Budget, Journal
from mockserver.engine.pipeline.shared_journal import SharedJournal
from mockserver.storage.base import Tape

SPARE = 64
"""When all together are too large, this part of what they may be is made free: not every call has to look for room."""


class Journals:
    """Makes the journals of sandboxes; the largest gives up its oldest entries when all together grow too large."""

    def __init__(self, entries: int = 10_000, bytes: int = 64 * 1024 * 1024, together: int = 512 * 1024 * 1024) -> None:
        self.entries, self.bytes, self.together = entries, bytes, together
        self._journals: list[Journal] = []
        self._budget = Budget(together, self._make_room)

    def make(self, tape: Tape | None) -> Journal:
        """The journal of a sandbox; where there is a tape it takes no memory here, and so none from the others."""
        if tape is not None:
            return SharedJournal(tape, self.entries, self.bytes)
        journal = Journal(self.entries, self.bytes, self._budget)
        with self._budget.lock:
            self._journals.append(journal)
        return journal

    def forget(self, journal: Journal) -> None:
        """Have nothing more of a sandbox that is gone, nor of its calls that are still under way."""
        journal.close()
        with self._budget.lock:
            if journal in self._journals:
                self._journals.remove(journal)

    def _make_room(self) -> None:
        budget, wanted = self._budget, self.together - self.together // SPARE
        while budget.taken > wanted and self._journals:
            largest = max(self._journals, key=lambda journal: journal.size)
            freed = largest.shed(budget.taken - wanted)
            if not freed:
                return
            budget.taken -= freed
