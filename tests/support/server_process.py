"""Starts `testmode serve` and similar commands as processes."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.suite.fork_server import start_forked

START_SECONDS = 120.0
STOP_SECONDS = 60.0
"""Longer than a start or stop takes on a busy machine: after this time the process is broken."""


@contextmanager
def start_server(*args: str, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Yield the process of `testmode <args>` and its base URL, as soon as it prints that it is ready."""
    with start_forked(*args, **environment) as process:
        yield from _supervise(process)


@contextmanager
def start_command(command: list[str], **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Yield the process of any command that prints the line `Ready. listening on URL`, and that URL."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    ) as process:
        yield from _supervise(process)


def _supervise(process: "subprocess.Popen[str]") -> Iterator[tuple["subprocess.Popen[str]", str]]:
    try:
        yield process, _wait_until_ready(process)
    finally:
        _stop(process)


def _wait_until_ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            if ready := re.match(r"Ready\. listening on (https?://\S+)", line):
                return ready[1]
    finally:
        watchdog.cancel()
    raise AssertionError(f"The server ended before it was ready:\n{''.join(lines)}")


def _stop(process: "subprocess.Popen[str]") -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    except ValueError:
        # The test has read the output to its end and closed it.
        process.wait()
