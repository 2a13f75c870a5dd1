"""The processes that serve the same Redis: which live, which of them leads, what only one does at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from mockserver.storage.base import StoreError
from mockserver.storage.redis.client import RedisClient, poll_with_backoff
from mockserver.storage.redis.due_channel import DueChannel
from mockserver.storage.redis.scripts import ACQUIRE_LEADERSHIP, RELEASE_LOCK

HEARTBEAT_SECONDS = 1.0
"""Seconds between two signs of life."""
HEARTBEAT_TTL_MS = 5_000
"""Milliseconds after its last sign of life that a process counts as dead."""
LOCK_TIMEOUT_SECONDS = 60.0
"""Seconds to wait for something that another process does alone."""
_log = logging.getLogger("testmode")


class RedisCluster:
    """One process among those that serve the same Redis."""

    is_distributed = True

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._held_tokens: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._due_channel: DueChannel | None = None
        self._send_heartbeat()
        self._thread = threading.Thread(target=self._run, name="signs-of-life", daemon=True)
        self._thread.start()

    def _send_heartbeat(self) -> None:
        self._redis.execute(lambda client: client.set(self._heartbeat_key(self._redis.worker), 1, px=HEARTBEAT_TTL_MS))

    def _run(self) -> None:
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            with suppress(StoreError):  # Whoever asks for something meanwhile is told.
                self._send_heartbeat()

    def _heartbeat_key(self, worker: str) -> str:
        return self._redis.key("worker", worker)

    def is_alive(self, worker: str) -> bool:
        """Whether a process has given a sign of life."""
        return worker == self._redis.worker or bool(
            self._redis.execute(lambda client: client.exists(self._heartbeat_key(worker)))
        )

    def is_leader(self) -> bool:
        """Whether it is this process that sees to what falls due while nobody asks; until it dies or stops."""
        return bool(
            self._redis.run_script(
                ACQUIRE_LEADERSHIP, [self._redis.key("leader")], self._redis.worker, HEARTBEAT_TTL_MS, can_retry=True
            )
        )

    def announce(self) -> None:
        """Tell the others that there are other sandboxes or other keys."""
        self._redis.execute(lambda client: client.incr(self._redis.key("news")))

    def generation(self) -> int:
        """A number that is another one after every announcement."""
        return int(self._redis.execute(lambda client: client.get(self._redis.key("news"))) or 0)

    def get_or_set(self, name: str, proposal: str) -> str:
        """What all processes have under a name: the first that was proposed."""
        key = self._redis.key("agreed", name)
        self._redis.execute(lambda client: client.set(key, proposal, nx=True))
        return bytes(self._redis.execute(lambda client: client.get(key)) or b"").decode()

    def subscribe(self, on_due: Callable[[str], None]) -> None:
        """Have a function called with the sandbox in which some process says that something is due."""
        self._due_channel = DueChannel(self._redis, on_due)

    def notify_due(self, sandbox: str) -> None:
        """Tell all processes that something is due in a sandbox."""
        if self._due_channel is not None:
            self._due_channel.publish(sandbox)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Do something that no other process and no other thread does at the same time; StoreError after a minute."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            key, token = self._redis.key("alone", name), self._redis.next_token()
            self._acquire_lock(key, token)
            try:
                yield
            finally:
                self._held_tokens.discard(token)
                with suppress(StoreError):  # Then it is known as stale by its token.
                    self._redis.run_script(RELEASE_LOCK, [key], token, can_retry=True)

    def _acquire_lock(self, key: str, token: str) -> None:
        for _ in poll_with_backoff(LOCK_TIMEOUT_SECONDS):
            if self._redis.execute(lambda client: client.set(key, token, nx=True)):
                self._held_tokens.add(token)
                return
            holder = (self._redis.execute(lambda client: client.get(key)) or b"").decode()
            if holder and self._is_stale(holder):
                self._redis.run_script(RELEASE_LOCK, [key], holder)
        raise StoreError(
            f"{self._redis.display_url}: another process has kept {key!r} for {LOCK_TIMEOUT_SECONDS:.0f} s"
        )

    def _is_stale(self, token: str) -> bool:
        worker = token.partition("/")[0]
        return token not in self._held_tokens if worker == self._redis.worker else not self.is_alive(worker)

    def stop(self) -> None:
        """Give no further sign of life, hear nothing more, and let others lead."""
        self._stopped.set()
        self._thread.join()
        if self._due_channel is not None:
            self._due_channel.stop()
        with suppress(StoreError):
            self._redis.run_script(RELEASE_LOCK, [self._redis.key("leader")], self._redis.worker)
            self._redis.execute(lambda client: client.delete(self._heartbeat_key(self._redis.worker)))
