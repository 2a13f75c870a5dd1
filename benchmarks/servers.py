"""Starts servers as processes, and reads their CPU time, memory, threads and descriptors."""

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
    """A server process and its child processes; ``started`` is its start time in ``perf_counter`` seconds."""

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
    """A running Testmode server with a client of its admin API."""

    def __init__(self, pid: int, port: int, started: float, startup_lines: list[str]) -> None:
        super().__init__(pid, port, started)
        self._startup_lines = startup_lines

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, f"/__admin{path}", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        assert response.status < 400, text
        return json.loads(text) if text else None

    def wait_for_first_response(self) -> None:
        """Sends an API call with the key printed at startup; its 200 ends a cold start."""
        key = next(line for line in self._startup_lines if "/smartepi" in line).split(" key ")[1].strip()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/smartepi/v1/employees?limit=2", headers={"Authorization": f"Bearer {key}"})
        assert connection.getresponse().status == 200
        connection.close()


@contextmanager
def serving(*arguments: str, providers: tuple[str, ...] = ("smartepi",)) -> Iterator[Server]:
    """Runs ``testmode serve`` on a free port; an empty ``providers`` means all of them."""
    command = [sys.executable, "-m", "mockserver", "serve", *providers, "--port", "0", "--admin-token", TOKEN]
    with _run_server([*command, *arguments]) as server:
        yield server


@contextmanager
def run_empty_flask_view() -> Iterator[Server]:
    """Runs the empty Flask view on the same HTTP server."""
    with _run_server([sys.executable, "-m", "benchmarks.empty_flask_app"]) as server:
        yield server


@cache
def _compile_bytecode() -> None:
    """Compiles the package as pip does on installation, so that a cold start does not include the compilation."""
    compileall.compile_dir(Path(mockserver.__file__).parent, quiet=2)


@contextmanager
def _run_server(command: list[str]) -> Iterator[Server]:
    _compile_bytecode()
    began = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        try:
            startup_lines = []
            while not (line := process.stdout.readline()).startswith("Ready."):
                assert line, "the server ended before it was ready"
                startup_lines.append(line)
            yield Server(process.pid, int(line.rsplit(":", 1)[1]), began, startup_lines)
        finally:
            process.terminate()
