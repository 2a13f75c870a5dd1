"""The one worker that sees to what falls due while nobody asks: timers, and deliveries of webhooks."""

from __future__ import annotations

import logging
from threading import Condition, Event, Thread
from time import monotonic

from mockserver.engine import SECOND, Engine, LeasedDelivery, Sandbox, StoreError

CONCURRENT_DELIVERIES = 8
"""So many deliveries are under way side by side, and never two to the same endpoint."""
POLL_SECONDS = 1.0
"""Seconds between two looks at what other processes do, where the store has any."""
_MAX_REST_SECONDS = 60.0
_log = logging.getLogger("testmode")


class DeliveryWorker:
    """Wakes when a sandbox has something to deliver or its next timer is due, and sees to it."""

    def __init__(self, engine: Engine, evict_after: int = 0) -> None:
        self._engine = engine
        self._evict_after = evict_after
        self._wake, self._stopped = Event(), Event()
        self._in_flight = 0
        self._delivery_ended = Condition()
        self._next_index = 0
        self._due_sandboxes: set[str] = set()
        self._refreshed_at = 0.0
        self._thread = Thread(target=self._run, name="courier", daemon=True)
        engine.on_due = self._wake.set

    def start(self) -> None:
        """Begin to work in the background."""
        self._engine.cluster.subscribe(self._on_due)
        self._thread.start()

    def _on_due(self, sandbox: str) -> None:
        self._due_sandboxes.add(sandbox)
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Begin no further attempt, and give those under way so many seconds; one that is cut off is made again."""
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
        """Do what is to be done now, if it is this process's to do; tells how long to rest then."""
        if not self._engine.cluster.is_distributed:
            self._evict()
            return self._serve_all()
        try:
            if self._engine.cluster.is_leader():
                self._evict()
                self._apply_remote_changes()
                return min(self._serve_all(), POLL_SECONDS)
        except StoreError as error:
            _log.debug("the store does not answer: %s", error)
        return POLL_SECONDS

    def _apply_remote_changes(self) -> None:
        """Take over what other processes have written where they say that something is due, now and then everywhere."""
        told, self._due_sandboxes = self._due_sandboxes, set()
        if monotonic() - self._refreshed_at > POLL_SECONDS:
            self._refreshed_at = monotonic()
            told = {sandbox.id for sandbox in self._engine.all_sandboxes()}
        self._engine.refresh(told)

    def _evict(self) -> None:
        """Delete the sandboxes that have been idle for too long; asked at least once a minute."""
        for id in self._engine.evict(self._evict_after) if self._evict_after else ():
            _log.info("%s: nobody has used this sandbox for long; it is deleted", id)

    def _serve_all(self) -> float:
        """See to every sandbox once, beginning behind the one that was served last; tells how long to rest then."""
        everyone = list(self._engine.sandboxes.values())
        turn = self._next_index % max(len(everyone), 1)
        rest = _MAX_REST_SECONDS
        for nth, sandbox in enumerate(everyone[turn:] + everyone[:turn], turn + 1):
            took, wait = self._serve(sandbox)
            self._next_index = nth if took else self._next_index
            rest = min(rest, wait)
        return rest

    def _serve(self, sandbox: Sandbox) -> tuple[bool, float]:
        """Do what is due, and send one delivery on its way; in how many seconds there is more to do."""
        try:
            sandbox.now()
            parcel = (
                sandbox.outbox.lease_next(sandbox.clock_time()) if self._in_flight < CONCURRENT_DELIVERIES else None
            )
        except Exception:
            self._log_failure(sandbox)
            return False, _MAX_REST_SECONDS
        if parcel is not None:
            with self._delivery_ended:
                self._in_flight += 1
            Thread(target=self._send, args=(sandbox, parcel), name="delivery", daemon=True).start()
        return parcel is not None, self._seconds_until_due(sandbox)

    def _seconds_until_due(self, sandbox: Sandbox) -> float:
        # With all hands full there is nothing to do until one is free, which wakes.
        free = sandbox.outbox.next_free if self._in_flight < CONCURRENT_DELIVERIES else None
        waits = [sandbox.wall_time_until(due) for due in (sandbox.timer_runner.next_due, free) if due is not None]
        return min((wait / SECOND for wait in waits if wait is not None), default=_MAX_REST_SECONDS)

    def _send(self, sandbox: Sandbox, parcel: LeasedDelivery) -> None:
        try:
            sandbox.outbox.send(parcel)
        except Exception:
            self._log_failure(sandbox)
        finally:
            with self._delivery_ended:
                self._in_flight -= 1
                self._delivery_ended.notify_all()
            self._wake.set()

    def _log_failure(self, sandbox: Sandbox) -> None:
        # Of a sandbox that was deleted meanwhile, or a store that is closed, nothing more is to be said.
        if self._engine.sandboxes.get(sandbox.id) is sandbox and not self._stopped.is_set():
            _log.exception("%s: what was due could not be done", sandbox.id)
