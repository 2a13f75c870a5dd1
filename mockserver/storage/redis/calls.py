"""What processes call out to each other: that something is due in a sandbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from mockserver.storage.base import StoreError
from mockserver.storage.redis.link import Link


class Calls:
    """A voice and an ear of this process."""

    def __init__(self, link: Link, told: Callable[[str], None]) -> None:
        self._link, self._told = link, told
        self._channel = link.key("due")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
        self._thread.start()

    def call(self, sandbox: str) -> None:
        """Tell all processes that something is due in a sandbox."""
        with suppress(StoreError):  # They look for themselves now and then.
            self._link.ask(lambda client: client.publish(self._channel, sandbox))

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._link.ask(lambda _client: self._listen())
            except StoreError:
                self._stopped.wait(0.5)

    def _listen(self) -> None:
        with self._link.client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
            heard.subscribe(self._channel)
            while not self._stopped.is_set():
                message = heard.get_message(timeout=0.5)
                if message is not None:
                    self._told(message["data"].decode())

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()
        self._thread.join()
