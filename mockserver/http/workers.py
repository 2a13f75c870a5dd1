"""``testmode serve --workers N``: several processes behind one listening socket, started again when they die."""

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
"""Seconds between two looks at the workers."""
QUICK_EXIT_SECONDS = 2.0
MAX_QUICK_EXITS = 5
"""After so many lives in a row of less than so many seconds the fault is not the worker's, and the server stops."""
BACKLOG = 4096


@dataclass
class Worker:
    """One of the processes."""

    index: int
    process: subprocess.Popen[bytes]
    control_socket: socket.socket
    """A pair's end: the worker writes a byte when it is ready, and reads its end when we are no more."""
    started: float = field(default_factory=monotonic)
    ready: bool = False


class WorkerSupervisor:
    """The workers of a server, from the first start to the last end."""

    def __init__(self, number: int, arguments: Sequence[str], listener: socket.socket) -> None:
        self._arguments, self._listener = arguments, listener
        self._signals: list[int] = []
        self._quick_exits = 0
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # The first makes what is not there yet; the others find it.
        self._workers = [self._start(nth, first=nth == 0) for nth in range(number)]

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _start(self, nth: int, *, first: bool = False) -> Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        role = f"{'first' if first else 'further'}:{self._listener.fileno()}:{theirs.fileno()}"
        command = [sys.executable, "-m", "mockserver", *self._arguments, "--as-worker", role]
        descriptors = (self._listener.fileno(), theirs.fileno())
        # A session of its own: Ctrl-C in a terminal reaches us alone, and we pass it on once.
        process = subprocess.Popen(command, pass_fds=descriptors, start_new_session=True)  # noqa: S603  # our own words
        theirs.close()
        return Worker(nth, process, ours)

    def run(self, url: str) -> int:
        """Serve until told to stop; answers the exit code."""
        told = False
        while not self._signals:
            for worker in self._workers:
                self._check_ready(worker)
                code = worker.process.poll()
                if code is not None:
                    if not worker.ready or not self._restart(worker, code):
                        return self._stop(signal.SIGTERM, abs(code))
                    break
            if not told and all(worker.ready for worker in self._workers):
                told = True
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
        click.echo(f"testmode: worker {worker.index} ended with {code} after {lived:.1f} s; another begins", err=True)
        worker.control_socket.close()
        self._workers[worker.index] = self._start(worker.index)
        return self._quick_exits < MAX_QUICK_EXITS

    def _stop(self, number: int, code: int) -> int:
        """Have every worker finish what is in flight; a second signal is passed on too, and they wait no longer."""
        self._signals.insert(0, number)
        while any(worker.process.poll() is None for worker in self._workers):
            while self._signals:
                self._forward_signal(self._signals.pop(0))
            sleep(POLL_SECONDS)
        return code or max((abs(worker.process.returncode) for worker in self._workers), default=0)

    def _forward_signal(self, number: int) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.process.send_signal(number)


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that listens there, for every worker; OSError when the port is not to be had."""
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
