"""Runs commands and scripts in Redis, and raises StoreError within about a second if Redis does not respond."""

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
"""Seconds after which a command, or an attempt to connect, fails."""
T = TypeVar("T")


class RedisClient:
    """The connections of this process to one Redis; raises StoreError if Redis cannot be reached.

    ``worker`` is the id of this process. ``display_url`` is the URL without credentials, for messages.
    """

    def __init__(self, url: str) -> None:
        self.display_url, self.prefix, address = _parse_url(url)
        no_retry = Retry(NoBackoff(), 0)
        self.client = redis.Redis.from_url(
            address,
            socket_timeout=COMMAND_TIMEOUT_SECONDS,
            socket_connect_timeout=COMMAND_TIMEOUT_SECONDS,
            retry=no_retry,
            protocol=2,
        )
        self._idle: list[Any] = []
        self._token_numbers = count(1)
        with self._translating_errors():
            # A process id is not unique among several machines, and a counter starts again after FLUSHDB. The counter
            # and the time together are unique.
            seconds, micro = self.client.time()
            self.worker = f"{self.client.incr(f'{self.prefix}:workers')}-{seconds}{micro:06d}"

    def key(self, *parts: str) -> str:
        """Returns a key with this server's prefix."""
        return ":".join((self.prefix, *parts))

    def next_token(self) -> str:
        """Returns a token that no process has used before, for locks."""
        return f"{self.worker}/{next(self._token_numbers)}"

    def run_script(self, script: str, keys: list[str], *arguments: Any, can_retry: bool = False) -> Any:
        """Runs a Lua script; with ``can_retry`` it uses a second connection if the first is broken.

        Raises StoreError, or StoreFull if Redis has no memory left.
        """
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
        # Idle connections are kept in a list, because the client's pool takes four times as long as the command itself.
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.client.connection_pool.make_connection()
        try:
            connection.send_command(*command)
            response = connection.read_response()
        except redis.ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            connection.disconnect()
            self._close_idle()  # If one connection is broken, the others probably are too.
            raise
        self._idle.append(connection)
        return response

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()

    def execute(self, command: Callable[[Any], T]) -> T:
        """Returns the result of a command; raises StoreError, or StoreFull if Redis has no memory left."""
        with self._translating_errors():
            return command(self.client)

    @contextmanager
    def _translating_errors(self) -> Iterator[None]:
        try:
            yield
        except redis.OutOfMemoryError as error:
            raise StoreFull(f"{self.display_url}: Redis has no memory left ({error})") from error
        except (redis.RedisError, OSError) as error:
            raise StoreError(f"{self.display_url}: {error}") from error

    def close(self) -> None:
        self._close_idle()
        self.client.close()


@cache
def _digest(script: str) -> str:
    return sha1(script.encode(), usedforsecurity=False).hexdigest()


def poll_with_backoff(seconds: float, max_pause: float = 0.01) -> Iterator[None]:
    """Yields repeatedly for ``seconds`` with growing pauses, to poll a lock of another process."""
    deadline, pause = monotonic() + seconds, 0.0005
    while monotonic() < deadline:
        yield
        sleep(pause)
        pause = min(pause * 1.5, max_pause)


def _parse_url(url: str) -> tuple[str, str, str]:
    """Returns the URL without credentials, the prefix of all keys, and the URL without the option ``prefix``."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    prefix = options.pop("prefix", "testmode")
    display_url = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    return display_url, prefix, urlunsplit(parts._replace(query=urlencode(options)))
