"""The way to Redis: scripts, and StoreError within a second when it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha1
from itertools import count
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from mockserver.storage.base import StoreError, StoreFull

COMMAND_TIMEOUT_SECONDS = 0.6
"""Seconds a command may take, and a connection to be made."""
T = TypeVar("T")


class RedisClient:
    """Connections to one Redis, and who this process is there."""

    def __init__(self, url: str) -> None:
        self.display_url, self.prefix, address = _parse_url(url)
        never = Retry(NoBackoff(), 0)
        self.client = redis.Redis.from_url(
            address,
            socket_timeout=COMMAND_TIMEOUT_SECONDS,
            socket_connect_timeout=COMMAND_TIMEOUT_SECONDS,
            retry=never,
            protocol=2,
        )
        self._idle: list[Any] = []
        self._numbers = count(1)
        with self._translating_errors():
            # Unlike a process id it is good for several machines, and unlike a mere count for a Redis that was emptied.
            seconds, micro = self.client.time()
            self.worker = f"{self.client.incr(f'{self.prefix}:workers')}-{seconds}{micro:06d}"

    def key(self, *parts: str) -> str:
        """The name of something that belongs to no sandbox."""
        return ":".join((self.prefix, *parts))

    def next_token(self) -> str:
        """A word that nobody ever used before."""
        return f"{self.worker}/{next(self._numbers)}"

    def run_script(self, script: str, keys: list[str], *arguments: Any, can_retry: bool = False) -> Any:
        """Run a script; with ``can_retry`` once more on a new connection where the first turns out to be dead."""
        command = ("EVALSHA", _digest(script), len(keys), *keys, *arguments)
        with self._translating_errors():
            try:
                return self._send_command(command)
            except redis.exceptions.NoScriptError:
                self.client.script_load(script)
            except redis.ConnectionError:
                if not can_retry:
                    raise
            return self._send_command(command)

    def _send_command(self, command: tuple[Any, ...]) -> Any:
        # The client's own way, through its pool, costs four times as much as the command itself.
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.client.connection_pool.make_connection()
        try:
            connection.send_command(*command)
            answer = connection.read_response()
        except redis.ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            connection.disconnect()
            self._close_idle()
            raise
        self._idle.append(connection)
        return answer

    def _close_idle(self) -> None:
        """When one connection is dead the others are, most likely, too."""
        while self._idle:
            self._idle.pop().disconnect()

    def execute(self, command: Callable[[Any], T]) -> T:
        """What Redis says to a command; StoreError when it says nothing, StoreFull when it has no room."""
        with self._translating_errors():
            return command(self.client)

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except redis.OutOfMemoryError as error:
            raise StoreFull(f"{self.display_url} has no room ({error})") from error
        except (redis.RedisError, OSError) as error:
            raise StoreError(f"{self.display_url}: {error}") from error

    def close(self) -> None:
        """Let go of all connections."""
        self._close_idle()
        self.client.close()


@cache
def _digest(script: str) -> str:
    """What Redis calls a script by."""
    return sha1(script.encode(), usedforsecurity=False).hexdigest()


def poll_with_backoff(seconds: float, max_pause: float = 0.01) -> Iterator[None]:
    """Turn after turn for so many seconds, with pauses that grow: for what another process may let go of."""
    until, pause = monotonic() + seconds, 0.0005
    while monotonic() < until:
        yield
        sleep(pause)
        pause = min(pause * 1.5, max_pause)


def _parse_url(url: str) -> tuple[str, str, str]:
    """A URL as it may be shown, what all keys begin with, and the URL without that."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    prefix = options.pop("prefix", "testmode")
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    return shown, prefix, urlunsplit(parts._replace(query=urlencode(options)))
