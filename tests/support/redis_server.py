"""Real Redis servers for the tests, each a process of its own on a free port of loopback."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import redis


class RedisServer:
    """A redis-server that can be stopped, killed and started again; what it held is gone then, unless it appends."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where a store finds it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        assert program, "these tests need redis-server: apt-get install redis-server"
        here = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._directory))
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([program, *here, *self._options], stdout=quiet, stderr=quiet)
        until = monotonic() + 60
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
                return
            except redis.AuthenticationError:
                return
            except redis.RedisError:
                assert monotonic() < until, "redis-server did not start"
                sleep(0.02)

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> redis.Redis:
        """A client of its own."""
        return redis.Redis(port=self.port)

    def flushed_url(self) -> str:
        """Its URL, once there is nothing in it."""
        with self.client() as client:
            client.flushall()
        return self.url


@cache
def shared_redis() -> RedisServer:
    """The server that the tests of this process use one after the other."""
    folder = TemporaryDirectory(prefix="redis")
    server = RedisServer(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return server


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
