"""Real Redis servers for the tests, each a process on a free port of loopback."""

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
    """A redis-server that can be killed and started again; it loses its data unless `options` enable appendonly."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        program = shutil.which("redis-server")
        assert program, "these tests need redis-server: apt-get install redis-server"
        arguments = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._directory))
        devnull = subprocess.DEVNULL
        self._process = subprocess.Popen([program, *arguments, *self._options], stdout=devnull, stderr=devnull)
        deadline = monotonic() + 60
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
                return
            except redis.AuthenticationError:
                return
            except redis.RedisError:
                assert monotonic() < deadline, "redis-server did not start"
                sleep(0.02)

    def stop(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port)

    def flushed_url(self) -> str:
        """Delete all data, and return the URL."""
        with self.client() as client:
            client.flushall()
        return self.url


@cache
def shared_redis() -> RedisServer:
    """Returns the server that all tests of this process share."""
    folder = TemporaryDirectory(prefix="redis")
    server = RedisServer(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.stop)
    return server


def free_port() -> int:
    """Returns a loopback port without a listener; another process can take it before it is used."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
