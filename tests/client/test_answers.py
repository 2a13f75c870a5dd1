"""The admin client and the commands against a server that is not Testmode or responds unexpectedly."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from mockserver.testing.api import TestmodeError
from mockserver.testing.client import Testmode
from tests.support.server_process import start_server

TOKEN = "t"


@contextmanager
def serve_response(status: int, body: bytes) -> Iterator[str]:
    """Runs a server that sends the same response to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TESTMODE_URL": url, "TESTMODE_ADMIN_TOKEN": TOKEN}
    command = [sys.executable, "-m", "mockserver", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"0"])
def test_a_refusal_without_a_detail_is_reported_by_its_status(body: bytes) -> None:
    with serve_response(404, body) as url, pytest.raises(TestmodeError) as refused:
        Testmode(url, TOKEN).sandboxes()
    assert (refused.value.sentence, refused.value.status) == (f"{url} returned 404", 404)


def test_a_refusal_that_is_not_json_is_shown_verbatim() -> None:
    with serve_response(502, b"<html>Bad Gateway") as url, pytest.raises(TestmodeError, match="<html>Bad Gateway"):
        Testmode(url, TOKEN).sandboxes()


def test_a_successful_response_that_is_not_json_is_not_from_testmode() -> None:
    with serve_response(200, b"<html>") as url:
        with pytest.raises(TestmodeError, match="is not the admin API of Testmode: it returned '<html>'"):
            Testmode(url, TOKEN).sandboxes()
        deleted = run(url, "sandbox", "delete", "x")
    message = f"testmode: {url} is not the admin API of Testmode: it returned '<html>'\n"
    assert (deleted.returncode, deleted.stderr) == (1, message)


def test_a_command_prints_the_status_of_an_empty_refusal() -> None:
    with serve_response(404, b"") as url:
        listed = run(url, "sandbox", "list")
    assert (listed.returncode, listed.stderr) == (1, f"testmode: {url} returned 404\n")


def test_an_invalid_url_is_reported_as_an_unreachable_server() -> None:
    listed = run("http://127.0.0.1:x", "sandbox", "list")
    assert listed.returncode == 69
    assert listed.stderr.startswith("testmode: cannot reach http://127.0.0.1:x: nonnumeric port: 'x'; is ")


def test_the_commands_ignore_a_path_in_the_url() -> None:
    with start_server("serve", "smartepi", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        for path in ("/__admin", "/smartepi/v1", "/", "/?x"):
            assert run(url + path, "sandbox", "list").stdout.startswith("smartepi  "), path


def test_the_detail_of_a_refusal_is_the_sentence_of_the_error() -> None:
    with serve_response(401, b'{"detail": "send the admin token"}') as url, pytest.raises(TestmodeError) as refused:
        Testmode(url, "wrong").metrics()
    assert refused.value.sentence == "send the admin token"
