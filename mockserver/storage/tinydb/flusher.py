"""A background thread that flushes the writes for which no caller waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

from mockserver.storage.base import StoreError

FLUSH_SECONDS = 0.1
"""Seconds between two flushes. If a flush takes at most as long, a power failure loses at most the last 200 ms."""
_log = logging.getLogger(__name__)


class Flusher:
    """Calls ``flush`` every ``period`` seconds in its own thread, until it is closed or the store fails."""

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
        """Stops the thread after the current flush."""
        self._closing.set()
        self._thread.join()
