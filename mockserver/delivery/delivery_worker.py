"""The background worker that runs due timers and sends due deliveries without waiting for a call."""

from __future__ import annotations

import logging
from threading import Condition, Event, Thread
from time import monotonic

from mockserver.engine import SECOND, Engine, LeasedDelivery, Sandbox, StoreError

CONCURRENT_DELIVERIES = 8
"""The maximum number of deliveries in flight; each endpoint has at most one."""
POLL_SECONDS = 1.0
"""Seconds between two reads of remote changes, and between two attempts to become leader."""
_MAX_SLEEP_SECONDS = 60.0
"""The longest sleep in seconds. It limits how late idle sandboxes are evicted."""
_log = logging.getLogger("testmode")


class DeliveryWorker:
    """Runs timers and sends deliveries in one background thread; with several processes, only in the leader.

    ``evict_after`` is the idle time in microseconds after which a sandbox is deleted; 0 means never.
    """

    def __init__(self, engine: Engine, evict_after: int = 0) -> None:
        self._engine = engine
        self._evict_after = evict_after
        self._wake, self._stopped = Event(), Event()
        self._in_flight = 0
        self._delivery_ended = Condition()
        self._next_index = 0
        self._due_sandboxes: set[str] = set()
        self._refreshed_at = 0.0
        self._thread = Thread(target=self._run, name="delivery-worker", daemon=True)
        engine.on_due = self._wake.set

    def start(self) -> None:
        self._engine.cluster.subscribe(self._on_due)
        self._thread.start()

    def _on_due(self, sandbox: str) -> None:
        self._due_sandboxes.add(sandbox)
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Starts no further attempts and waits up to ``seconds`` for attempts in flight.

        A delivery whose attempt is interrupted stays pending and is attempted again after the next start.
        """
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        with self._delivery_ended:
            self._delivery_ended.wait_for(lambda: not self._in_flight, seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            self._wake.wait(self._work())

    def _work(self) -> float:
        """Does the due work if this process is the leader; returns the seconds to sleep."""
        if not self._engine.cluster.is_distributed:
            self._delete_idle_sandboxes()
            return self._serve_all()
        try:
            if self._engine.cluster.is_leader():
                self._delete_idle_sandboxes()
                self._apply_remote_changes()
                return min(self._serve_all(), POLL_SECONDS)
        except StoreError as error:
            _log.debug("the store does not respond: %s", error)
        return POLL_SECONDS

    def _apply_remote_changes(self) -> None:
        """Refreshes the sandboxes that other processes have reported as due, and once a second all sandboxes."""
        ids, self._due_sandboxes = self._due_sandboxes, set()
        if monotonic() - self._refreshed_at > POLL_SECONDS:
            self._refreshed_at = monotonic()
            ids = {sandbox.id for sandbox in self._engine.all_sandboxes()}
        self._engine.refresh(ids)

    def _delete_idle_sandboxes(self) -> None:
        for id in self._engine.evict(self._evict_after) if self._evict_after else ():
            _log.info("%s: the sandbox was idle too long and is deleted", id)

    def _serve_all(self) -> float:
        """Serves every sandbox once, starting after the last that sent a delivery; returns the seconds to sleep."""
        sandboxes = list(self._engine.sandboxes.values())
        start = self._next_index % max(len(sandboxes), 1)
        sleep_seconds = _MAX_SLEEP_SECONDS
        for nth, sandbox in enumerate(sandboxes[start:] + sandboxes[:start], start + 1):
            started, wait = self._serve(sandbox)
            self._next_index = nth if started else self._next_index
            sleep_seconds = min(sleep_seconds, wait)
        return sleep_seconds

    def _serve(self, sandbox: Sandbox) -> tuple[bool, float]:
        """Runs due timers and starts at most one delivery; returns whether it started one, and the seconds to sleep."""
        try:
            sandbox.now()  # Runs the due timers.
            leased = (
                sandbox.outbox.lease_next(sandbox.clock_time()) if self._in_flight < CONCURRENT_DELIVERIES else None
            )
        except Exception:
            self._log_failure(sandbox)
            return False, _MAX_SLEEP_SECONDS
        if leased is not None:
            with self._delivery_ended:
                self._in_flight += 1
            Thread(target=self._send, args=(sandbox, leased), name="delivery", daemon=True).start()
        return leased is not None, self._seconds_until_due(sandbox)

    def _seconds_until_due(self, sandbox: Sandbox) -> float:
        # At the maximum no delivery can start until another one ends, which wakes the worker.
        delivery_due = sandbox.outbox.next_free if self._in_flight < CONCURRENT_DELIVERIES else None
        dues = (sandbox.timer_runner.next_due, delivery_due)
        waits = [sandbox.wall_time_until(due) for due in dues if due is not None]
        return min((wait / SECOND for wait in waits if wait is not None), default=_MAX_SLEEP_SECONDS)

    def _send(self, sandbox: Sandbox, leased: LeasedDelivery) -> None:
        try:
            sandbox.outbox.send(leased)
        except Exception:
            self._log_failure(sandbox)
        finally:
            with self._delivery_ended:
                self._in_flight -= 1
                self._delivery_ended.notify_all()
            self._wake.set()

    def _log_failure(self, sandbox: Sandbox) -> None:
        # Errors are expected if the sandbox has been deleted or the store is being closed.
        if self._engine.sandboxes.get(sandbox.id) is sandbox and not self._stopped.is_set():
            _log.exception("%s: a due timer or delivery failed", sandbox.id)
