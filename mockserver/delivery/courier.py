"""The one worker that sees to what falls due while nobody asks: timers, and deliveries of webhooks."""

from __future__ import annotations

import logging
from threading import Condition, Event, Thread
from time import monotonic

from mockserver.engine import SECOND, Engine, Parcel, Sandbox, StoreError

AT_A_TIME = 8
"""So many deliveries are under way side by side, and never two to the same endpoint."""
LOOK_AROUND = 1.0
"""Seconds between two looks at what other processes do, where the store has any."""
_LONGEST = 60.0
_log = logging.getLogger("testmode")


class Courier:
    """Wakes when a sandbox has something to deliver or its next timer is due, and sees to it."""

    def __init__(self, engine: Engine, evict_after: int = 0) -> None:
        self._engine = engine
        self._evict_after = evict_after
        self._wake, self._stopped = Event(), Event()
        self._under_way = 0
        self._done = Condition()
        self._turn = 0
        self._told: set[str] = set()
        self._looked = 0.0
        self._thread = Thread(target=self._run, name="courier", daemon=True)
        engine.on_due = self._wake.set

    def start(self) -> None:
        """Begin to work in the background."""
        self._engine.others.hear(self._hear)
        self._thread.start()

    def _hear(self, sandbox: str) -> None:
        self._told.add(sandbox)
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """Begin no further attempt, and give those under way so many seconds; one that is cut off is made again."""
        self._stopped.set()
        self._wake.set()
        self._thread.join()
        with self._done:
            self._done.wait_for(lambda: not self._under_way, seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.clear()
            self._wake.wait(self._turn_of_work())

    def _turn_of_work(self) -> float:
        """Do what is to be done now, if it is this process's to do; tells how long to rest then."""
        if not self._engine.others.any:
            self._evict()
            return self._round()
        try:
            if self._engine.others.leads():
                self._evict()
                self._learn()
                return min(self._round(), LOOK_AROUND)
        except StoreError as error:
            _log.debug("the store does not answer: %s", error)
        return LOOK_AROUND

    def _learn(self) -> None:
        """Take over what other processes have written where they say that something is due, now and then everywhere."""
        told, self._told = self._told, set()
        if monotonic() - self._looked > LOOK_AROUND:
            self._looked = monotonic()
            told = {sandbox.id for sandbox in self._engine.everyone()}
        self._engine.refresh(told)

    def _evict(self) -> None:
        """Delete the sandboxes that have been idle for too long; asked at least once a minute."""
        for id in self._engine.evict(self._evict_after) if self._evict_after else ():
            _log.info("%s: nobody has used this sandbox for long; it is deleted", id)

    def _round(self) -> float:
        """See to every sandbox once, beginning behind the one that was served last; tells how long to rest then."""
        everyone = list(self._engine.sandboxes.values())
        turn = self._turn % max(len(everyone), 1)
        rest = _LONGEST
        for nth, sandbox in enumerate(everyone[turn:] + everyone[:turn], turn + 1):
            took, wait = self._see_to(sandbox)
            self._turn = nth if took else self._turn
            rest = min(rest, wait)
        return rest

    def _see_to(self, sandbox: Sandbox) -> tuple[bool, float]:
        """Do what is due, and send one delivery on its way; in how many seconds there is more to do."""
        try:
            sandbox.now()
            parcel = sandbox.outbox.take(sandbox.instant()) if self._under_way < AT_A_TIME else None
        except Exception:
            self._tell(sandbox)
            return False, _LONGEST
        if parcel is not None:
            with self._done:
                self._under_way += 1
            Thread(target=self._carry, args=(sandbox, parcel), name="delivery", daemon=True).start()
        return parcel is not None, self._wait(sandbox)

    def _wait(self, sandbox: Sandbox) -> float:
        # With all hands full there is nothing to do until one is free, which wakes.
        free = sandbox.outbox.next_free if self._under_way < AT_A_TIME else None
        waits = [sandbox.clock_wait(due) for due in (sandbox.agenda.next_due, free) if due is not None]
        return min((wait / SECOND for wait in waits if wait is not None), default=_LONGEST)

    def _carry(self, sandbox: Sandbox, parcel: Parcel) -> None:
        try:
            sandbox.outbox.send(parcel)
        except Exception:
            self._tell(sandbox)
        finally:
            with self._done:
                self._under_way -= 1
                self._done.notify_all()
            self._wake.set()

    def _tell(self, sandbox: Sandbox) -> None:
        # Of a sandbox that was deleted meanwhile, or a store that is closed, nothing more is to be said.
        if self._engine.sandboxes.get(sandbox.id) is sandbox and not self._stopped.is_set():
            _log.exception("%s: what was due could not be done", sandbox.id)
