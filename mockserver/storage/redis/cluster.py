"""The processes that serve the same Redis: heartbeats, leader election and locks."""

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
"""Seconds between two heartbeats."""
HEARTBEAT_TTL_MS = 5_000
"""Milliseconds after its last heartbeat until a process counts as dead."""
LOCK_TIMEOUT_SECONDS = 60.0
"""Seconds to wait for a lock that another process holds."""
_log = logging.getLogger("testmode")


class RedisCluster:
    """Represents this process in the cluster; sends heartbeats from its own thread until ``stop``."""

    is_distributed = True

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._held_tokens: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._locks_guard = threading.Lock()
        self._stopped = threading.Event()
        self._due_channel: DueChannel | None = None
        self._send_heartbeat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def _send_heartbeat(self) -> None:
        self._redis.execute(lambda client: client.set(self._heartbeat_key(self._redis.worker), 1, px=HEARTBEAT_TTL_MS))

    def _run(self) -> None:
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            with suppress(StoreError):  # A request that needs Redis reports the failure.
                self._send_heartbeat()

    def _heartbeat_key(self, worker: str) -> str:
        return self._redis.key("worker", worker)

    def is_alive(self, worker: str) -> bool:
        """Returns whether the heartbeat of a process has not expired."""
        return worker == self._redis.worker or bool(
            self._redis.execute(lambda client: client.exists(self._heartbeat_key(worker)))
        )

    def is_leader(self) -> bool:
        """Makes this process the leader if no other process is; returns whether this process is the leader."""
        return bool(
            self._redis.run_script(
                ACQUIRE_LEADERSHIP, [self._redis.key("leader")], self._redis.worker, HEARTBEAT_TTL_MS, can_retry=True
            )
        )

    def announce(self) -> None:
        self._redis.execute(lambda client: client.incr(self._redis.key("news")))

    def generation(self) -> int:
        return int(self._redis.execute(lambda client: client.get(self._redis.key("news"))) or 0)

    def get_or_set(self, name: str, proposal: str) -> str:
        key = self._redis.key("agreed", name)
        self._redis.execute(lambda client: client.set(key, proposal, nx=True))
        return bytes(self._redis.execute(lambda client: client.get(key)) or b"").decode()

    def subscribe(self, on_due: Callable[[str], None]) -> None:
        self._due_channel = DueChannel(self._redis, on_due)

    def notify_due(self, sandbox: str) -> None:
        """Tells all processes that something is due in a sandbox."""
        if self._due_channel is not None:
            self._due_channel.publish(sandbox)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Excludes every other process and thread; raises StoreError if the lock is not free in time."""
        with self._locks_guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            key, token = self._redis.key("alone", name), self._redis.next_token()
            self._acquire_lock(key, token)
            try:
                yield
            finally:
                self._held_tokens.discard(token)
                # If this fails, the next process removes the lock as stale, because its token is not in _held_tokens.
                with suppress(StoreError):
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
            f"{self._redis.display_url}: another process has held the lock {key!r} for {LOCK_TIMEOUT_SECONDS:.0f} s"
        )

    def _is_stale(self, token: str) -> bool:
        """Returns whether the holder of a lock is dead, or is this process but could not release the lock."""
        worker = token.partition("/")[0]
        return token not in self._held_tokens if worker == self._redis.worker else not self.is_alive(worker)

    def stop(self) -> None:
        """Stops heartbeats and notifications, and gives up the leadership."""
        self._stopped.set()
        self._thread.join()
        if self._due_channel is not None:
            self._due_channel.stop()
        with suppress(StoreError):
            self._redis.run_script(RELEASE_LOCK, [self._redis.key("leader")], self._redis.worker)
            self._redis.execute(lambda client: client.delete(self._heartbeat_key(self._redis.worker)))
