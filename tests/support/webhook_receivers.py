"""Receivers of webhooks: an HTTP server on loopback, and a fake egress for tests of order and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from ssl import SSLContext
from threading import Condition, Event, Thread
from typing import Any

from mockserver.engine import ReceivedWebhook, Record, Refusal, Sandbox, SendResult, SimulationContext
from tests.support.acme import emit_event
from tests.support.harness import Harness

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class CapturedWebhook:
    """A webhook request as it arrived; headers by lower-case name."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    raw_headers: tuple[tuple[str, str], ...]

    @property
    def json(self) -> Any:
        return loads(self.body)


@dataclass
class Receiver:
    """Records the requests, and responds with ``response_statuses`` in order, then 200.

    ``gate`` holds the responses back until it is set.
    """

    port: int = 0
    scheme: str = "http"
    received: list[CapturedWebhook] = field(default_factory=list)
    response_statuses: list[int] = field(default_factory=list)
    response_body: bytes = b""
    gate: Event | None = None
    changed: Condition = field(default_factory=Condition)

    def url(self, path: str = "/hooks") -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def receive(self, webhook: CapturedWebhook) -> int:
        with self.changed:
            self.received.append(webhook)
            self.changed.notify_all()
            status = self.response_statuses.pop(0) if self.response_statuses else 200
        if self.gate is not None:
            assert self.gate.wait(TIMEOUT_SECONDS)
        return status

    def wait_for(self, number: int) -> None:
        """Wait until `number` webhooks have arrived; only for tests in which a worker delivers in the background."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= number, TIMEOUT_SECONDS), self.received


@contextmanager
def run_receiver(gate: Event | None = None, tls: SSLContext | None = None) -> Iterator[Receiver]:
    """Runs a receiver on a free port until the end of the block."""
    receiver = Receiver(gate=gate, scheme="https" if tls else "http")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = tuple(self.headers.items())
            status = receiver.receive(CapturedWebhook(self.path, {n.lower(): v for n, v in headers}, body, headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(receiver.response_body)))
            self.send_header("Location", receiver.url("/elsewhere"))
            self.end_headers()
            self.wfile.write(receiver.response_body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            if gate is not None:
                gate.set()
            server.shutdown()
            thread.join(timeout=TIMEOUT_SECONDS)


@dataclass
class FakeEgress:
    """An egress that sends nothing: it records the requests, and ``respond`` determines the results."""

    sent: list[tuple[str, list[tuple[str, str]], bytes]] = field(default_factory=list)
    respond: Callable[[str, int], int | None] = lambda _url, _nth: 200
    """(URL, number of earlier requests) -> the status, or None for no response."""
    timeouts: list[float] = field(default_factory=list)
    """The timeout of each request in seconds."""
    during_send: Callable[[], object] = lambda: None
    """Called during each delivery."""

    def check(self, url: str) -> None:
        if "forbidden" in url:
            raise Refusal(f"url: {url!r} is forbidden")

    def send(self, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> SendResult:
        self.sent.append((url, headers, body))
        self.timeouts.append(seconds)
        self.during_send()
        status = self.respond(url, len(self.sent) - 1)
        return SendResult(status, None if status else "nobody there", b"heard you", 0.25)

    @property
    def ids(self) -> list[str]:
        """The webhook-id headers of all requests."""
        return [dict(headers)["webhook-id"] for _, headers, _ in self.sent]


def emit_events(harness: Harness, number: int = 1, type: str = "note.created", **data: Any) -> list[str]:
    """Emit `number` events, and return their ids."""
    with harness.sandbox.transaction() as space:
        context = SimulationContext(harness.sandbox, harness.sandbox.clock_time(), space)
        return [emit_event(context, type, **data) for _ in range(number)]


def endpoint(harness: Harness, url: str = "http://127.0.0.1:9/a", **fields: Any) -> Record:
    return harness.sandbox.endpoints.add(url, **fields)


def delivery_states(harness: Harness) -> list[str]:
    return [each["state"] for each in harness.sandbox.outbox.all()]


def attempt_instants(delivery: Record) -> list[int]:
    return [attempt["at"] for attempt in delivery["attempts"]]


def verify_webhook(sandbox: Sandbox, webhook: CapturedWebhook, secret: str, now: int) -> None:
    """Verify a webhook like a receiver; raises Forged with the reason if it must be refused."""
    style = sandbox.provider.webhooks
    assert style is not None
    style.verify(ReceivedWebhook(webhook.headers, webhook.body, (secret,), now))
