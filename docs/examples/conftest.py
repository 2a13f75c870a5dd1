"""Fixtures of the examples: a webhook receiver, and a sleep that only advances the sandbox's clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from requests.structures import CaseInsensitiveDict

from mockserver.testing.client import Sandbox


class Receiver(ThreadingHTTPServer):
    """Stores the webhooks it receives. Responds with the statuses in ``statuses`` in turn, and then with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        self.statuses: list[int] = []


class WebhookHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((CaseInsensitiveDict(self.headers.items()), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Do not log requests."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sleep(testmode: Sandbox) -> Callable[[float], object]:
    """A replacement for ``time.sleep`` that advances the sandbox's clock instead of waiting."""
    return lambda seconds: testmode.clock.advance(f"{int(seconds * 1000)}ms")
