"""The one worker that sees to what falls due while nobody asks: timers, and deliveries of webhooks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread

from mockserver.engine import SECOND, Engine, Sandbox

AT_A_TIME = 8
"""So many sandboxes deliver side by side, each of them one delivery at a time."""
_LONGEST = 60.0
_log = logging.getLogger("testmode")


class Courier:
    """Wakes when a sandbox has something to deliver or its next timer is due, and sees to it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wake, self._stopped = Event(), Event()
        self._busy: set[str] = set()
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="courier")
        self._thread = Thread(target=self._run, name="courier", daemon=True)
        engine.on_due = self._wake.set

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Let the attempts under way end, and begin no others."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            soonest = min(self._waits(), default=_LONGEST)
            self._wake.wait(min(soonest, _LONGEST))

    def _waits(self) -> Iterator[float]:
        """Set the sandboxes to work where something is due; tells in how many seconds the others are next."""
        for sandbox in list(self._engine.sandboxes.values()):
            due = sandbox.next_due
            if due is None:
                continue
            wait = sandbox.clock_wait(due)
            if wait is None:
                continue
            if wait > 0:
                yield wait / SECOND
            else:
                self._set_to_work(sandbox)

    def _set_to_work(self, sandbox: Sandbox) -> None:
        with self._lock:
            if sandbox.id in self._busy:
                return
            self._busy.add(sandbox.id)
        self._pool.submit(self._see_to, sandbox)

    def _see_to(self, sandbox: Sandbox) -> None:
        try:
            sandbox.catch_up()
        except Exception:
            _log.exception("%s: what was due could not be done", sandbox.id)
        finally:
            with self._lock:
                self._busy.discard(sandbox.id)
            self._wake.set()
