"""`testmode wait`: a script goes on when the server is ready, and is told when it never is."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.test_cli import run
from tests.support.server_process import start_server


@contextmanager
def slow_starting_server(refusals: int) -> Iterator[str]:
    """A server that is not ready so many times."""
    left = iter(range(refusals))

    class Starting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if next(left, None) is None else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Starting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_it_ends_well_as_soon_as_the_server_is_ready() -> None:
    with slow_starting_server(3) as url:
        done = run("wait", url)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{url} is ready\n", "")


def test_a_real_server_is_waited_for_by_the_environment_too() -> None:
    with start_server("serve", "smartepi", "--port", "0", "--memory") as (_, url):
        assert run("wait", "--timeout", "60s", TESTMODE_URL=url).returncode == 0


def test_a_server_that_never_comes_is_told_in_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        began = time.monotonic()
        done = run("wait", url, "--timeout", "300ms")
    assert (done.returncode, done.stderr) == (1, f"testmode: {url} was not ready within 0.3 s\n")
    assert time.monotonic() - began < 60


def test_a_server_that_accepts_and_says_nothing_is_not_waited_for_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run("wait", f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "500ms")
    assert done.returncode == 1


@pytest.mark.parametrize("length", ["soon", "5", "-1s", ""])
def test_a_length_that_is_none_is_a_usage_error(length: str) -> None:
    done = run("wait", "--timeout", length)
    assert done.returncode == 2
    assert "is not a duration; write it as 30s" in done.stderr


def test_wait_imports_no_server_modules() -> None:
    script = "import mockserver.cli.wait, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & {"flask", "pydantic", "gevent", "mockserver.engine", "http.client"} == set()
