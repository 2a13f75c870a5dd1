"""Starts the server of a test run in the first process that needs it; other processes find it through a file."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from json import dumps, loads
from pathlib import Path
from time import monotonic, sleep

from mockserver.testing.api import TestmodeError
from mockserver.testing.client import Testmode
from mockserver.token import new_token

START_SECONDS, STOP_SECONDS = 60.0, 10.0
"""Seconds within which a server must be ready, and must have ended after SIGTERM."""
_READY = re.compile(r"^Ready\. listening on (\S+)$", re.MULTILINE)
_EXCLUDED_VARIABLES = ("TESTMODE_ADMIN_TOKEN_FILE", "TESTMODE_DURABILITY", "TESTMODE_MEMORY", "TESTMODE_TLS")
"""Settings in the environment that a server for tests does not inherit."""


@contextmanager
def _lock_server_file(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / "server.json"


def find_or_start(folder: Path) -> Testmode:
    """Returns the server described by ``server.json`` in the folder; starts a server if this file is missing.

    All processes of a test run share the server. Raises TestmodeError with its output if it does not become ready.
    """
    with _lock_server_file(folder) as server_file:
        if not server_file.is_file():
            token = new_token()
            pid = _start(folder / "output", token)
            url = _wait_until_ready(pid, folder / "output")
            server_file.touch(mode=0o600)
            server_file.write_text(dumps({"pid": pid, "url": url, "token": token}), "utf-8")
        server = loads(server_file.read_text("utf-8"))
    return Testmode(server["url"], server["token"])


def _start(output: Path, token: str) -> int:
    command = [sys.executable, "-m", "mockserver", "serve", "--host", "127.0.0.1", "--port", "0", "--memory"]
    environment = {name: value for name, value in os.environ.items() if name not in _EXCLUDED_VARIABLES}
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    # Not subprocess.Popen, which warns if this process ends before the server, which other processes may still use.
    return os.posix_spawn(
        sys.executable,
        command,
        {**environment, "TESTMODE_ADMIN_TOKEN": token},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setpgroup=0,  # Otherwise Ctrl-C would stop it before the tests have cleaned up.
    )


def _wait_until_ready(pid: int, output: Path) -> str:
    end = monotonic() + START_SECONDS
    while monotonic() < end:
        text = output.read_text("utf-8") if output.is_file() else ""
        if ready := _READY.search(text):
            return ready[1]
        if os.waitpid(pid, os.WNOHANG)[0]:
            raise TestmodeError(f"`testmode serve` ended before it was ready: {text.strip()}", None, str(output))
        sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TestmodeError(f"`testmode serve` was not ready within {START_SECONDS:g} s", None, str(output))


def stop(folder: Path) -> None:
    """Stops the server of the folder, if there is one, with SIGTERM, and after 10 s with SIGKILL."""
    if not folder.is_dir():
        return
    with _lock_server_file(folder) as server_file:
        if not server_file.is_file():
            return
        server = loads(server_file.read_text("utf-8"))
        server_file.unlink()
    with suppress(ProcessLookupError):
        os.kill(server["pid"], signal.SIGTERM)
        end = monotonic() + STOP_SECONDS
        while not _has_ended(server["pid"], Testmode(server["url"], server["token"], timeout=1)):
            if monotonic() > end:
                os.kill(server["pid"], signal.SIGKILL)
            sleep(0.01)


def _has_ended(pid: int, client: Testmode) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        # Another process started the server, and the pid may remain as a zombie, so check whether the server responds.
        return not client.alive()
