"""The one server of a test run: started by whoever asks first, found by the others, stopped at the end."""

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
_READY = re.compile(r"^Ready\. listening on (\S+)$", re.MULTILINE)
_EXCLUDED_VARIABLES = ("TESTMODE_ADMIN_TOKEN_FILE", "TESTMODE_DURABILITY", "TESTMODE_MEMORY", "TESTMODE_TLS")
"""What would contradict how a server of tests runs."""


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / "server.json"


def find_or_start(folder: Path) -> Testmode:
    """The server whose particulars are in this folder, shared by all processes of a run; started where there is none.

    TestmodeError tells what the server printed when it does not become ready.
    """
    with _locked(folder) as particulars:
        if not particulars.is_file():
            token = new_token()
            pid = _start(folder / "output", token)
            url = _wait_until_ready(pid, folder / "output")
            particulars.touch(mode=0o600)
            particulars.write_text(dumps({"pid": pid, "url": url, "token": token}), "utf-8")
        known = loads(particulars.read_text("utf-8"))
    return Testmode(known["url"], known["token"])


def _start(output: Path, token: str) -> int:
    command = [sys.executable, "-m", "mockserver", "serve", "--host", "127.0.0.1", "--port", "0", "--memory"]
    environment = {name: value for name, value in os.environ.items() if name not in _EXCLUDED_VARIABLES}
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    # Not subprocess: a Popen complains when the worker that made it ends before the server that others still use.
    return os.posix_spawn(
        sys.executable,
        command,
        {**environment, "TESTMODE_ADMIN_TOKEN": token},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setpgroup=0,  # or Ctrl-C would end it before the tests have cleaned up
    )


def _wait_until_ready(pid: int, output: Path) -> str:
    end = monotonic() + START_SECONDS
    while monotonic() < end:
        said = output.read_text("utf-8") if output.is_file() else ""
        if ready := _READY.search(said):
            return ready[1]
        if os.waitpid(pid, os.WNOHANG)[0]:
            raise TestmodeError(f"`testmode serve` ended before it was ready: {said.strip()}", None, str(output))
        sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TestmodeError(f"`testmode serve` was not ready within {START_SECONDS:g} s", None, str(output))


def stop(folder: Path) -> None:
    """Stop the server of this folder, where one was started."""
    if not folder.is_dir():
        return
    with _locked(folder) as particulars:
        if not particulars.is_file():
            return
        known = loads(particulars.read_text("utf-8"))
        particulars.unlink()
    with suppress(ProcessLookupError):
        os.kill(known["pid"], signal.SIGTERM)
        end = monotonic() + STOP_SECONDS
        while not _has_ended(known["pid"], Testmode(known["url"], known["token"], timeout=1)):
            if monotonic() > end:
                os.kill(known["pid"], signal.SIGKILL)
            sleep(0.01)


def _has_ended(pid: int, server: Testmode) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        # Another process started it. Where nobody waits for orphans it stays as a zombie: ask the server, not the pid.
        return not server.alive()
