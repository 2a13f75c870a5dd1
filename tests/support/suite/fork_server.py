"""Servers without the half second that Python takes to import one: each is forked off a process that has it imported.

What then runs is the command itself, ``testmode serve``, in a process of its own with its own descriptors, environment
and folder. Run as a program this is the process they are forked off, told what to start over a socket.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, Any, NoReturn

from tests.support.paths import ROOT

MAX_MESSAGE_BYTES = 1 << 20


class ForkedProcess(subprocess.Popen[str]):
    """A process that was forked off the fork server, as its starter sees it: like one that was started alone."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], stdout: int, stderr: int) -> None:
        # Popen's own would start something. What it has to offer is told by the fork server here.
        self.args = ["testmode", *words]
        self.stdin = self.stdout = self.stderr = None
        self.returncode: int | None = None
        self._status, theirs = os.pipe()
        self._buffer = b""
        get_fork_server().start(words, environment, (stdout, stderr, theirs))
        os.close(theirs)
        self.pid = int(self._read_line(None) or 0)
        assert self.pid, "the fork server ended"

    _child_created = False
    """Nothing for Popen's finalizer to look after."""

    def __del__(self, *_: Any) -> None:
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def _read_line(self, timeout: float | None) -> str | None:
        """The next line about this process, or None when there is none yet."""
        until = None if timeout is None else monotonic() + timeout
        while b"\n" not in self._buffer:
            left = None if until is None else max(0.0, until - monotonic())
            if not select.select([self._status], [], [], left)[0]:
                return None
            data = os.read(self._status, 64)
            assert data, "the fork server ended before its child"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def poll(self) -> int | None:
        """How it ended, or None while it lives."""
        if self.returncode is None and (line := self._read_line(0)) is not None:
            self.returncode = int(line)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended."""
        if self.returncode is None:
            line = self._read_line(timeout)
            if line is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(line)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal to it unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Read its output to the end, and wait until it has ended."""
        assert input is None
        assert self.stdout is not None
        if self.stdout.closed:
            raise ValueError("its output has been read and closed")
        said: list[str] = []
        reader = threading.Thread(target=lambda out: said.append(out.read()), args=(self.stdout,), daemon=True)
        reader.start()
        reader.join(timeout)
        if reader.is_alive():
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(timeout)
        return said[0], ""


def start_forked(*words: str, **environment: str) -> ForkedProcess:
    """Start ``testmode <words>`` with a pipe that takes what it prints and what it complains of."""
    out, theirs = os.pipe()
    process = ForkedProcess(words, dict(os.environ) | environment, theirs, theirs)
    os.close(theirs)
    process.stdout = TextIOWrapper(os.fdopen(out, "rb"), encoding="utf-8")
    return process


def run_command(
    *words: str, environment: dict[str, str] | None = None, timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Let ``testmode <words>`` run to its end, as ``subprocess.run`` does with the captured output of both kinds."""
    with TemporaryFile() as out, TemporaryFile() as err:
        process = ForkedProcess(
            words, dict(os.environ) if environment is None else environment, out.fileno(), err.fileno()
        )
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(process.args, process.wait(), _read_text(out), _read_text(err))


def _read_text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class ForkServer:
    """The process that servers are forked off, as the tests' process sees it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.suite.fork_server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                pass_fds=(theirs.fileno(),),
            )
        atexit.register(self._close)

    def start(self, words: tuple[str, ...], environment: dict[str, str], descriptors: tuple[int, ...]) -> None:
        told = json.dumps([words, environment, str(Path.cwd())]).encode()
        assert len(told) < MAX_MESSAGE_BYTES
        socket.send_fds(self._socket, [told], descriptors)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def get_fork_server() -> ForkServer:
    """The one of this process."""
    return ForkServer()


def main(line: socket.socket) -> list[str]:
    """Fork whatever is asked for and say how it ended; returns in each child, with the words of its command."""
    # The server makes the standard library wait its own way: what is needed here is kept as it was.
    poller, receive, told_of = select.poll(), socket.recv_fds, dict[int, int]()
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    import mockserver.cli.serve  # First: it makes the standard library cooperative.
    import mockserver.cli.webhooks
    import mockserver.providers  # noqa: F401

    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    poller.register(line, select.POLLIN)
    poller.register(waking, select.POLLIN)
    while True:
        for descriptor, _ in poller.poll():
            if descriptor == waking:
                _reap_children(waking, told_of)
                continue
            data, descriptors, _, _ = receive(line, MAX_MESSAGE_BYTES, 3)
            if not data:
                _kill_children_and_exit(told_of)
            *outputs, status = descriptors
            child = os.fork()
            if not child:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _become_child(
                    json.loads(data), outputs, (line.detach(), waking, woken, status, *told_of.values())
                )
            for each in outputs:
                os.close(each)
            told_of[child] = status
            os.write(status, b"%d\n" % child)


def _reap_children(waking: int, told_of: dict[int, int]) -> None:
    with suppress(BlockingIOError):
        os.read(waking, MAX_MESSAGE_BYTES)
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = told_of.pop(ended[0])
            with suppress(BrokenPipeError):
                os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
            os.close(status)


def _kill_children_and_exit(told_of: dict[int, int]) -> NoReturn:
    """Nobody is there any more who could ask for a server or look after one."""
    for child in told_of:
        os.kill(child, signal.SIGKILL)
    os._exit(0)


def _become_child(told: Any, outputs: list[int], others: tuple[int, ...]) -> list[str]:
    words, environment, folder = told
    for own, given in zip((1, 2), outputs, strict=True):
        os.dup2(given, own)
    for each in {*outputs, *others}:
        os.close(each)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # As the import of the server has it.
    os.chdir(folder)
    return list(words)


if __name__ == "__main__":
    asked = main(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["testmode", *asked]
    from mockserver.cli.group import cli

    cli(prog_name="python -m mockserver")
