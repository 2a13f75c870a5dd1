"""The servers that are measured, each a process of its own."""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

import mockserver

TOKEN = "bench"
UNLIMITED = {"limits": {"rate": None, "quota": None}}


class ProcessTree:
    """A process with everything it started: where it listens and what all of it costs."""

    def __init__(self, pid: int, port: int, started: float) -> None:
        self.port, self.started = port, started
        self._process = psutil.Process(pid)

    def processes(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    def is_alive(self) -> bool:
        return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)

    def cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self.processes()]
        return float(sum(each.user + each.system for each in times))

    def megabytes(self) -> float:
        return float(sum(process.memory_info().rss for process in self.processes())) / 1_000_000

    def descriptors(self) -> int:
        return int(sum(process.num_fds() for process in self.processes()))

    def threads(self) -> int:
        return int(sum(process.num_threads() for process in self.processes()))


class Server(ProcessTree):
    """Our own running server, and how to set it up; ``said`` is what it has printed at its start."""

    def __init__(self, pid: int, port: int, started: float, said: list[str]) -> None:
        super().__init__(pid, port, started)
        self._startup_lines = said

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, f"/__admin{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 400, text
        return json.loads(text) if text else None

    def wait_for_first_response(self) -> None:
        """Wait for the first 200 of an API call, which ends a cold start; with the key that the start has printed."""
        key = next(line for line in self._startup_lines if "/smartepi" in line).split(" key ")[1].strip()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/smartepi/v1/employees?limit=2", headers={"Authorization": f"Bearer {key}"})
        assert connection.getresponse().status == 200
        connection.close()


@contextmanager
def serving(*arguments: str, providers: tuple[str, ...] = ("smartepi",)) -> Iterator[Server]:
    """The shipped command, on a free port; no providers are all of them."""
    command = [sys.executable, "-m", "mockserver", "serve", *providers, "--port", "0", "--admin-token", TOKEN]
    with _run_server([*command, *arguments]) as server:
        yield server


@contextmanager
def run_empty_flask_view() -> Iterator[Server]:
    """An empty Flask view under the same server."""
    with _run_server([sys.executable, "-m", "benchmarks.empty_flask_app"]) as server:
        yield server


@cache
def _compile_bytecode() -> None:
    """Have what pip does when it installs a package: a checkout would be compiled by the first start, or by each."""
    compileall.compile_dir(Path(mockserver.__file__).parent, quiet=2)


@contextmanager
def _run_server(command: list[str]) -> Iterator[Server]:
    _compile_bytecode()
    began = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        try:
            said = []
            while not (line := process.stdout.readline()).startswith("Ready."):
                assert line, "the server ended before it was ready"
                said.append(line)
            yield Server(process.pid, int(line.rsplit(":", 1)[1]), began, said)
        finally:
            process.terminate()
