"""Starts ``testmode`` commands by forking a process that has already imported the server, which saves half a second.

The child runs the real command with its own descriptors, environment and folder. Run as a program, this module is the
fork server, which receives the commands over a socket.
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
    """A child of the fork server, with the interface of ``Popen``."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], stdout: int, stderr: int) -> None:
        # Popen.__init__ would start a process. Its attributes are set here, from the fork server's messages.
        self.args = ["testmode", *words]
        self.stdin = self.stdout = self.stderr = None
        self.returncode: int | None = None
        self._status, remote_end = os.pipe()
        self._buffer = b""
        get_fork_server().start(words, environment, (stdout, stderr, remote_end))
        os.close(remote_end)
        self.pid = int(self._read_line(None) or 0)
        assert self.pid, "the fork server ended"

    _child_created = False
    """Makes the finalizer of Popen do nothing."""

    def __del__(self, *_: Any) -> None:
        if self._status >= 0:
            os.close(self._status)
            self._status = -1

    def _read_line(self, timeout: float | None) -> str | None:
        """Returns the next status line of the process, or None after `timeout` seconds."""
        deadline = None if timeout is None else monotonic() + timeout
        while b"\n" not in self._buffer:
            left = None if deadline is None else max(0.0, deadline - monotonic())
            if not select.select([self._status], [], [], left)[0]:
                return None
            data = os.read(self._status, 64)
            assert data, "the fork server ended before its child"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def poll(self) -> int | None:
        """Returns the exit code, or None while the process runs."""
        if self.returncode is None and (line := self._read_line(0)) is not None:
            self.returncode = int(line)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process; raises TimeoutExpired."""
        if self.returncode is None:
            line = self._read_line(timeout)
            if line is None:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(line)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal to the process if it runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, input: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Read the output to its end, and wait for the end of the process; raises TimeoutExpired."""
        assert input is None
        assert self.stdout is not None
        if self.stdout.closed:
            raise ValueError("its output has been read and closed")
        outputs: list[str] = []
        reader = threading.Thread(target=lambda out: outputs.append(out.read()), args=(self.stdout,), daemon=True)
        reader.start()
        reader.join(timeout)
        if reader.is_alive():
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        self.wait(timeout)
        return outputs[0], ""


def start_forked(*words: str, **environment: str) -> ForkedProcess:
    """Start ``testmode <words>`` with one pipe for stdout and stderr."""
    out, remote_end = os.pipe()
    process = ForkedProcess(words, dict(os.environ) | environment, remote_end, remote_end)
    os.close(remote_end)
    process.stdout = TextIOWrapper(os.fdopen(out, "rb"), encoding="utf-8")
    return process


def run_command(
    *words: str, environment: dict[str, str] | None = None, timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Run ``testmode <words>`` like ``subprocess.run`` with captured output; raises TimeoutExpired."""
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
    """The connection of the test process to its fork server."""

    def __init__(self) -> None:
        self._socket, remote_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with remote_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.suite.fork_server", str(remote_end.fileno())],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                pass_fds=(remote_end.fileno(),),
            )
        atexit.register(self._close)

    def start(self, words: tuple[str, ...], environment: dict[str, str], descriptors: tuple[int, ...]) -> None:
        message = json.dumps([words, environment, str(Path.cwd())]).encode()
        assert len(message) < MAX_MESSAGE_BYTES
        socket.send_fds(self._socket, [message], descriptors)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def get_fork_server() -> ForkServer:
    """Returns the fork server of this process, started at the first call."""
    return ForkServer()


def main(commands: socket.socket) -> list[str]:
    """Fork a child for each message, and report its exit code; returns only in a child, with its command."""
    # The import below monkey-patches the standard library with gevent: take the original functions before.
    poller, receive, status_pipes = select.poll(), socket.recv_fds, dict[int, int]()
    wakeup_read, wakeup_write = os.pipe()
    for end in (wakeup_read, wakeup_write):
        os.set_blocking(end, False)
    import mockserver.cli.serve  # First: it monkey-patches the standard library.
    import mockserver.cli.webhooks
    import mockserver.providers  # noqa: F401

    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
    poller.register(commands, select.POLLIN)
    poller.register(wakeup_read, select.POLLIN)
    while True:
        for descriptor, _ in poller.poll():
            if descriptor == wakeup_read:
                _reap_children(wakeup_read, status_pipes)
                continue
            data, descriptors, _, _ = receive(commands, MAX_MESSAGE_BYTES, 3)
            if not data:
                _kill_children_and_exit(status_pipes)
            *outputs, status = descriptors
            child = os.fork()
            if not child:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _become_child(
                    json.loads(data),
                    outputs,
                    (commands.detach(), wakeup_read, wakeup_write, status, *status_pipes.values()),
                )
            for each in outputs:
                os.close(each)
            status_pipes[child] = status
            os.write(status, b"%d\n" % child)


def _reap_children(wakeup_read: int, status_pipes: dict[int, int]) -> None:
    with suppress(BlockingIOError):
        os.read(wakeup_read, MAX_MESSAGE_BYTES)
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = status_pipes.pop(ended[0])
            with suppress(BrokenPipeError):
                os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
            os.close(status)


def _kill_children_and_exit(status_pipes: dict[int, int]) -> NoReturn:
    """The test process has ended, so nothing else would stop the children."""
    for child in status_pipes:
        os.kill(child, signal.SIGKILL)
    os._exit(0)


def _become_child(command: Any, outputs: list[int], others: tuple[int, ...]) -> list[str]:
    words, environment, folder = command
    for own, given in zip((1, 2), outputs, strict=True):
        os.dup2(given, own)
    for each in {*outputs, *others}:
        os.close(each)
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # The import of the server sets it too.
    os.chdir(folder)
    return list(words)


if __name__ == "__main__":
    words = main(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["testmode", *words]
    from mockserver.cli.group import cli

    cli(prog_name="python -m mockserver")
