"""A fake Docker daemon: the part of Docker's documented HTTP API that starting one container needs.

The container is a process of the real server, with the environment of the image and that of the container over it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from tests.support.server_process import start_server

IMAGE_ENV = {"TESTMODE_HOST": "127.0.0.1", "TESTMODE_PORT": "0", "TESTMODE_MEMORY": "true"}
"""The ENV of the image; the port is 0, and `inspect_container` reports the port that the server chose."""


class FakeDockerDaemon(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, stack: ExitStack) -> None:
        super().__init__(("127.0.0.1", 0), DaemonRequestHandler)
        self.stack, self.created, self.port = stack, {}, 0

    created: dict[str, Any]

    def respond_to(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Returns status and body; the cases are in the order in which testcontainers sends the requests."""
        match method, path:
            case "GET", "/version":
                return 200, {"ApiVersion": "1.47", "MinAPIVersion": "1.24"}
            case "GET", "/images/testmode/json" | "/images/testmode:latest/json":
                return 200, {"Id": "sha256:1", "RepoTags": ["testmode:latest"]}
            case "POST", "/containers/create":
                self.created = body
                return 201, {"Id": "c0ffee", "Warnings": []}
            case "POST", "/containers/c0ffee/start":
                return self.start()
            case "GET", "/containers/c0ffee/json":
                return 200, self.inspect_container()
            case "DELETE", "/containers/c0ffee":
                self.stack.close()
                return 204, None
        return 404, {"message": f"no such thing: {method} {path}"}

    def start(self) -> tuple[int, Any]:
        """Starts the server like the entrypoint of the image."""
        environment = dict(variable.split("=", 1) for variable in self.created["Env"])
        _, url = self.stack.enter_context(start_server("serve", **IMAGE_ENV, **environment))
        self.port = urlsplit(url).port or 0
        return 204, None

    def inspect_container(self) -> dict[str, Any]:
        """Returns the members of `docker inspect` that testcontainers reads."""
        ports = {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.port)}]}
        state = {"Status": "running", "Running": True, "ExitCode": 0}
        return {"Id": "c0ffee", "State": state, "NetworkSettings": {"Ports": ports}, "Config": self.created}


class DaemonRequestHandler(BaseHTTPRequestHandler):
    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        assert isinstance(self.server, FakeDockerDaemon)
        path = re.sub(r"^/v[0-9.]+", "", urlsplit(self.path).path)
        status, document = self.server.respond_to(self.command, path, body)
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Writes no access log."""


@contextmanager
def run_docker_daemon() -> Iterator[FakeDockerDaemon]:
    """Runs a daemon until the end of the block."""
    with ExitStack() as stack, FakeDockerDaemon(stack) as daemon:
        thread = Thread(target=daemon.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield daemon
        finally:
            daemon.shutdown()
            thread.join()
