"""Notifications between processes that something is due in a sandbox (Redis publish/subscribe)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from mockserver.storage.base import StoreError
from mockserver.storage.redis.client import RedisClient


class DueChannel:
    """Publishes and receives the notifications of this process; receives in its own thread until ``stop``."""

    def __init__(self, redis: RedisClient, on_due: Callable[[str], None]) -> None:
        self._redis, self._on_due = redis, on_due
        self._channel = redis.key("due")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="due-channel", daemon=True)
        self._thread.start()

    def publish(self, sandbox: str) -> None:
        """Tells all processes that something is due in a sandbox; a failure of Redis is ignored."""
        with suppress(StoreError):  # The other processes also poll, so they only notice it later.
            self._redis.execute(lambda client: client.publish(self._channel, sandbox))

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._redis.execute(lambda _client: self._listen())  # Converts errors of Redis to StoreError.
            except StoreError:
                self._stopped.wait(0.5)

    def _listen(self) -> None:
        with self._redis.client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(self._channel)
            while not self._stopped.is_set():
                message = pubsub.get_message(timeout=0.5)
                if message is not None:
                    self._on_due(message["data"].decode())

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
