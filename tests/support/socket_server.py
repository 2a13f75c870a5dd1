"""Serves a harness on a real socket, and the HTTP client that tests call servers with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from json import dumps, loads
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.harness import TOKEN, Harness

HOST = "127.0.0.1"


class QuietRequestHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class HttpResponse:
    """A response as it came over the socket, and the seconds that it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return loads(self.body)


@dataclass(frozen=True)
class LiveServer:
    """The URL and the admin token of a running server, and a ``key`` of its first sandbox."""

    url: str
    token: str
    key: str = ""

    @property
    def host(self) -> str:
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        return int(urlsplit(self.url).port or 0)

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> HttpResponse:
        """Send a request on a new connection; raises the errors of http.client."""
        sent_headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        data = None if json is None else dumps(json)
        if data is not None:
            sent_headers.setdefault("Content-Type", "application/json")
        began = monotonic()
        with closing(HTTPConnection(self.host, self.port, timeout=timeout)) as connection:
            connection.request(method, path, data, sent_headers)
            with closing(connection.getresponse()) as response:
                body = response.read()
                return HttpResponse(response.status, dict(response.getheaders()), body, monotonic() - began)

    def admin(self, method: str, path: str, json: Any = None) -> Any:
        """Call the admin API, assert that it succeeds, and return the body."""
        response = self.request(method, f"/__admin{path}", key=self.token, json=json)
        assert response.status < 300, response.body
        return response.json if response.body else None


@dataclass(frozen=True)
class Tenant:
    """A sandbox of one test on a server that many tests share."""

    server: LiveServer
    id: str
    key: str
    provider: str

    def request(self, method: str, path: str, **options: Any) -> HttpResponse:
        """Call the provider with this sandbox's key; ``path`` follows the provider's name."""
        options.setdefault("key", self.key)
        return self.server.request(method, f"/{self.provider}{path}", **options)

    def fault(self, kind: str, **rule: Any) -> Any:
        """Add a fault rule: ``fault`` has the parameters of the kind, the other arguments are members of the rule."""
        fault = {"kind": kind, **rule.pop("fault", {})}
        return self.server.admin("POST", f"/sandboxes/{self.id}/faults", {"fault": fault, **rule})

    def requests(self) -> Any:
        """Returns the entries of the journal, oldest first."""
        return self.server.admin("GET", f"/sandboxes/{self.id}/requests")["requests"]


def create_tenant(server: LiveServer, provider: str = "smartepi") -> Tenant:
    """Create a sandbox for one test."""
    sandbox = server.admin("POST", "/sandboxes", {"provider": provider})
    return Tenant(server, sandbox["id"], sandbox["keys"][0]["secret"], provider)


@contextmanager
def serve_on_socket(harness: Harness) -> Iterator[LiveServer]:
    """Serve a harness on a free port from a thread, until the end of the block."""
    server = make_server(HOST, 0, harness.app, threaded=True, request_handler=QuietRequestHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield LiveServer(f"http://{HOST}:{server.server_port}", TOKEN, harness.key())
    finally:
        server.shutdown()
        thread.join(timeout=60)
        server.server_close()
        assert not thread.is_alive(), "the server did not stop"
