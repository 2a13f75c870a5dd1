"""What processes call out to each other: that something is due in a sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from mockserver.storage.base import StoreError
from mockserver.storage.redis.client import RedisClient


class DueChannel:
    """A voice and an ear of this process."""

    def __init__(self, redis: RedisClient, on_due: Callable[[str], None]) -> None:
        self._redis, self._on_due = redis, on_due
        self._channel = redis.key("due")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
        self._thread.start()

    def publish(self, sandbox: str) -> None:
        """Tell all processes that something is due in a sandbox."""
        with suppress(StoreError):  # They look for themselves now and then.
            self._redis.execute(lambda client: client.publish(self._channel, sandbox))

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._redis.execute(lambda _client: self._listen())
            except StoreError:
                self._stopped.wait(0.5)

    def _listen(self) -> None:
        with self._redis.client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
            heard.subscribe(self._channel)
            while not self._stopped.is_set():
                message = heard.get_message(timeout=0.5)
                if message is not None:
                    self._on_due(message["data"].decode())

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self._thread.join()
