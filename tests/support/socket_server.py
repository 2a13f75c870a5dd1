"""A real socket in front of a world, and the plain HTTP client that tests ask it with."""

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
    """A request handler that writes no access log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@dataclass(frozen=True)
class HttpResponse:
    """An answer as it came over the socket, and how many seconds it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        return loads(self.body)


@dataclass(frozen=True)
class LiveServer:
    """A server that listens: where, and the admin token it takes; ``key`` opens its first sandbox."""

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
        """One request on a connection of its own with http.client; raises what http.client raises."""
        sent = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        data = None if json is None else dumps(json)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        began = monotonic()
        with closing(HTTPConnection(self.host, self.port, timeout=timeout)) as connection:
            connection.request(method, path, data, sent)
            with closing(connection.getresponse()) as response:
                body = response.read()
                return HttpResponse(response.status, dict(response.getheaders()), body, monotonic() - began)

    def admin(self, method: str, path: str, json: Any = None) -> Any:
        """Ask the admin API; what it refuses fails the test."""
        heard = self.request(method, f"/__admin{path}", key=self.token, json=json)
        assert heard.status < 300, heard.body
        return heard.json if heard.body else None


@dataclass(frozen=True)
class Tenant:
    """A sandbox of its own on a server that many tests share."""

    server: LiveServer
    id: str
    key: str
    provider: str

    def request(self, method: str, path: str, **options: Any) -> HttpResponse:
        """Call the provider with this sandbox's key; ``path`` begins behind the provider's name."""
        options.setdefault("key", self.key)
        return self.server.request(method, f"/{self.provider}{path}", **options)

    def fault(self, kind: str, **rule: Any) -> Any:
        """Set a fault rule: ``fault`` holds the kind's parameters, the rest is the rule's."""
        fault = {"kind": kind, **rule.pop("fault", {})}
        return self.server.admin("POST", f"/sandboxes/{self.id}/faults", {"fault": fault, **rule})

    def requests(self) -> Any:
        """The journal's entries, oldest first."""
        return self.server.admin("GET", f"/sandboxes/{self.id}/requests")["requests"]


def create_tenant(served: LiveServer, provider: str = "smartepi") -> Tenant:
    """Make a sandbox for one test."""
    made = served.admin("POST", "/sandboxes", {"provider": provider})
    return Tenant(served, made["id"], made["keys"][0]["secret"], provider)


@contextmanager
def serve_on_socket(harness: Harness) -> Iterator[LiveServer]:
    """Serve a world on a free port from a thread of this process, until the block is left."""
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
