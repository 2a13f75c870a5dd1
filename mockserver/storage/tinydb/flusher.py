"""What brings writes to the disk that nobody waits for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from mockserver.storage.base import StoreError

FLUSH_SECONDS = 0.1
"""Seconds between two rounds: with a round that takes no longer than that, 200 ms is the most a power cut takes."""
_log = logging.getLogger(__name__)


class Flusher:
    """Calls ``flush`` again and again in a thread of its own, until it is closed or the store has failed."""

    def __init__(self, flush: Callable[[], None], period: float) -> None:
        self._flush, self._period = flush, period
        self._closing = Event()
        self._thread = Thread(target=self._run, name="flusher", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closing.wait(self._period):
            try:
                self._flush()
            except StoreError as error:
                _log.error("%s", error)
                return

    def close(self) -> None:
        """Stop, once the round that is under way has ended."""
        self._closing.set()
        self._thread.join()
