"""What docs/testing.md of 0.1.0 says that tests share: a receiver of webhooks, and a way to wait that takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from mockserver.testing.client import Sandbox


class Receiver(ThreadingHTTPServer):
    """Keeps what arrives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        self.arrived: list[tuple[dict[str, str], bytes]] = []


class Answer(BaseHTTPRequestHandler):
    """Takes one webhook."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrived.append((dict(self.headers.items()), body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens for webhooks."""
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sleep(testmode: Sandbox) -> Callable[[float], object]:
    """Waits on the sandbox's clock instead of the machine's."""
    return lambda seconds: testmode.clock.advance(f"{int(seconds * 1000)}ms")
