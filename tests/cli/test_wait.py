"""`testmode wait`: it ends when the server is ready, or fails after the timeout."""

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
    """Runs a server that responds with 503 `refusals` times, then with 200."""
    left = iter(range(refusals))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if next(left, None) is None else 503)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_wait_succeeds_as_soon_as_the_server_is_ready() -> None:
    with slow_starting_server(3) as url:
        done = run("wait", url)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{url} is ready\n", "")


def test_wait_takes_the_url_from_the_environment() -> None:
    with start_server("serve", "smartepi", "--port", "0", "--memory") as (_, url):
        assert run("wait", "--timeout", "60s", TESTMODE_URL=url).returncode == 0


def test_wait_fails_with_one_sentence_after_the_timeout() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        began = time.monotonic()
        done = run("wait", url, "--timeout", "300ms")
    assert (done.returncode, done.stderr) == (1, f"testmode: {url} was not ready within 0.3 s\n")
    assert time.monotonic() - began < 60


def test_the_timeout_includes_a_server_that_accepts_and_never_responds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run("wait", f"http://127.0.0.1:{silent.getsockname()[1]}", "--timeout", "500ms")
    assert done.returncode == 1


@pytest.mark.parametrize("timeout", ["soon", "5", "-1s", ""])
def test_an_invalid_timeout_is_a_usage_error(timeout: str) -> None:
    done = run("wait", "--timeout", timeout)
    assert done.returncode == 2
    assert "is not a duration; write it as 30s" in done.stderr


def test_wait_imports_no_server_modules() -> None:
    script = "import mockserver.cli.wait, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & {"flask", "pydantic", "gevent", "mockserver.engine", "http.client"} == set()
