"""Supervises the worker processes of ``testmode serve --workers N``, which share one listening socket."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic, sleep
from types import FrameType

import click

POLL_SECONDS = 0.05
"""Seconds between two checks of the workers."""
QUICK_EXIT_SECONDS = 2.0
"""A worker that ends after fewer seconds counts as a quick exit."""
MAX_QUICK_EXITS = 5
"""After this number of quick exits in a row the server stops, because restarts do not help."""
BACKLOG = 4096
"""The listen backlog: how many connections can wait for a worker to accept them."""


@dataclass
class Worker:
    """One worker process."""

    index: int
    process: subprocess.Popen[bytes]
    control_socket: socket.socket
    """One end of a socket pair. The worker writes a byte when it is ready, and stops when this end is closed."""
    started: float = field(default_factory=monotonic)
    ready: bool = False


class WorkerSupervisor:
    """Starts the workers, restarts those that end, and forwards SIGTERM and SIGINT to them."""

    def __init__(self, number: int, arguments: Sequence[str], listener: socket.socket) -> None:
        self._arguments, self._listener = arguments, listener
        self._signals: list[int] = []
        self._quick_exits = 0
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Only the first worker creates and configures the first sandboxes.
        self._workers = [self._start(index, first=index == 0) for index in range(number)]

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start(self, index: int, *, first: bool = False) -> Worker:
        own_end, worker_end = socket.socketpair()
        own_end.setblocking(False)
        role = f"{'first' if first else 'further'}:{self._listener.fileno()}:{worker_end.fileno()}"
        command = [sys.executable, "-m", "mockserver", *self._arguments, "--as-worker", role]
        descriptors = (self._listener.fileno(), worker_end.fileno())
        # Each worker has its own session, so that Ctrl-C reaches only the supervisor, which forwards it.
        process = subprocess.Popen(command, pass_fds=descriptors, start_new_session=True)  # noqa: S603  # our arguments
        worker_end.close()
        return Worker(index, process, own_end)

    def run(self, url: str) -> int:
        """Serves until a signal or a permanent failure of a worker; returns the exit code."""
        announced = False
        while not self._signals:
            for worker in self._workers:
                self._check_ready(worker)
                code = worker.process.poll()
                if code is not None:
                    if not worker.ready or not self._restart(worker, code):
                        return self._stop(signal.SIGTERM, abs(code))
                    break
            if not announced and all(worker.ready for worker in self._workers):
                announced = True
                click.echo(f"Ready. listening on {url}")
                sys.stdout.flush()
            sleep(POLL_SECONDS)
        return self._stop(self._signals.pop(0), 0)

    def _check_ready(self, worker: Worker) -> None:
        if not worker.ready:
            try:
                worker.ready = worker.control_socket.recv(1) != b""
            except BlockingIOError:
                return

    def _restart(self, worker: Worker, code: int) -> bool:
        lived = monotonic() - worker.started
        self._quick_exits = self._quick_exits + 1 if lived < QUICK_EXIT_SECONDS else 0
        click.echo(f"testmode: worker {worker.index} ended with {code} after {lived:.1f} s; starting another", err=True)
        worker.control_socket.close()
        self._workers[worker.index] = self._start(worker.index)
        return self._quick_exits < MAX_QUICK_EXITS

    def _stop(self, signal_number: int, code: int) -> int:
        """Forwards the signal, waits until the workers have finished their calls, and returns the exit code.

        After a second signal the workers do not finish their calls.
        """
        self._signals.insert(0, signal_number)
        while any(worker.process.poll() is None for worker in self._workers):
            while self._signals:
                self._forward_signal(self._signals.pop(0))
            sleep(POLL_SECONDS)
        return code or max((abs(worker.process.returncode) for worker in self._workers), default=0)

    def _forward_signal(self, signal_number: int) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal_number)


def open_listener(host: str, port: int) -> socket.socket:
    """Opens the listening socket that all workers share; raises OSError if the port is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
