"""The processes that serve the same Redis: which live, which of them leads, what only one does at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from mockserver.storage.base import StoreError
from mockserver.storage.redis.calls import Calls
from mockserver.storage.redis.link import Link, patiently
from mockserver.storage.redis.scripts import LEAD, LET_GO

BEAT = 1.0
"""Seconds between two signs of life."""
LIFE = 5_000
"""Milliseconds after its last sign of life that a process counts as dead."""
PATIENCE = 60.0
"""Seconds to wait for something that another process does alone."""
_log = logging.getLogger("testmode")


class Fleet:
    """One process among those that serve the same Redis."""

    any = True

    def __init__(self, link: Link) -> None:
        self._link = link
        self._held: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._calls: Calls | None = None
        self._beat()
        self._thread = threading.Thread(target=self._run, name="signs-of-life", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        self._link.ask(lambda client: client.set(self._name(self._link.worker), 1, px=LIFE))

    def _run(self) -> None:
        while not self._stopped.wait(BEAT):
            with suppress(StoreError):  # Whoever asks for something meanwhile is told.
                self._beat()

    def _name(self, worker: str) -> str:
        return self._link.key("worker", worker)

    def alive(self, worker: str) -> bool:
        """Whether a process has given a sign of life."""
        return worker == self._link.worker or bool(self._link.ask(lambda client: client.exists(self._name(worker))))

    def leads(self) -> bool:
        """Whether it is this process that sees to what falls due while nobody asks; until it dies or stops."""
        return bool(self._link.run(LEAD, [self._link.key("leader")], self._link.worker, LIFE, again=True))

    def announce(self) -> None:
        """Tell the others that there are other sandboxes or other keys."""
        self._link.ask(lambda client: client.incr(self._link.key("news")))

    def news(self) -> int:
        """A number that is another one after every announcement."""
        return int(self._link.ask(lambda client: client.get(self._link.key("news"))) or 0)

    def agreed(self, name: str, proposal: str) -> str:
        """What all processes have under a name: the first that was proposed."""
        key = self._link.key("agreed", name)
        self._link.ask(lambda client: client.set(key, proposal, nx=True))
        return bytes(self._link.ask(lambda client: client.get(key)) or b"").decode()

    def hear(self, told: Callable[[str], None]) -> None:
        """Have a function called with the sandbox in which some process says that something is due."""
        self._calls = Calls(self._link, told)

    def call(self, sandbox: str) -> None:
        """Tell all processes that something is due in a sandbox."""
        if self._calls is not None:
            self._calls.call(sandbox)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Do something that no other process and no other thread does at the same time; StoreError after a minute."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            key, token = self._link.key("alone", name), self._link.token()
            self._wait_for(key, token)
            try:
                yield
            finally:
                self._held.discard(token)
                with suppress(StoreError):  # Then it is known as stale by its token.
                    self._link.run(LET_GO, [key], token, again=True)

    def _wait_for(self, key: str, token: str) -> None:
        for _ in patiently(PATIENCE):
            if self._link.ask(lambda client: client.set(key, token, nx=True)):
                self._held.add(token)
                return
            holder = (self._link.ask(lambda client: client.get(key)) or b"").decode()
            if holder and self._is_stale(holder):
                self._link.run(LET_GO, [key], holder)
        raise StoreError(f"{self._link.where}: another process has kept {key!r} for {PATIENCE:.0f} s")

    def _is_stale(self, token: str) -> bool:
        worker = token.partition("/")[0]
        return token not in self._held if worker == self._link.worker else not self.alive(worker)

    def stop(self) -> None:
        """Give no further sign of life, hear nothing more, and let others lead."""
        self._stopped.set()
        self._thread.join()
        if self._calls is not None:
            self._calls.stop()
        with suppress(StoreError):
            self._link.run(LET_GO, [self._link.key("leader")], self._link.worker)
            self._link.ask(lambda client: client.delete(self._name(self._link.worker)))
