"""How many files of the package one request runs through, and how often it changes between them."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from gevent import socket

import mockserver
from mockserver.app import create_wsgi_app, make_engine, select_providers
from mockserver.http.hosts import AllowedHosts
from mockserver.http.server import ConnectionHandler, Server
from mockserver.settings import ServerSettings
from mockserver.storage.tinydb.store import TinyStore

ROOT = str(Path(mockserver.__file__).parent) + "/"
MAX_FILES, MAX_JUMPS = 25, 60
"""The limits for the second of two equal requests, from the connection handler to the response bytes."""


def trace_files(path: str) -> list[str]:
    """Returns the file of each function call in the package, in order, during the second of two equal requests."""
    engine = make_engine(TinyStore(None), select_providers(["smartepi"]))
    app = create_wsgi_app(engine, token="t", root_provider=None, hosts=AllowedHosts(), settings=ServerSettings())
    server = Server(app, "127.0.0.1", 0)
    server.base_environ = server._listener.get_environ() | {"wsgi.url_scheme": "http"}
    server_end, client_end = socket.socketpair()
    handler = ConnectionHandler(server, server_end, ("127.0.0.1", 1), server._listener)
    key = next(iter(engine.get_sandbox("smartepi").keys))
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: */*\r\n\r\n".encode()
    files: list[str] = []

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(ROOT):
            files.append(frame.f_code.co_filename.removeprefix(ROOT))

    before = sys.getprofile()
    try:
        for profile in (None, note):
            client_end.sendall(request)
            sys.setprofile(profile)
            assert handler._serve_one()
            sys.setprofile(before)
            assert client_end.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    finally:
        sys.setprofile(before)
        server_end.close()
        client_end.close()
    return files


@pytest.mark.parametrize("path", ["/smartepi/v1/employees", "/smartepi/v1/employees?limit=20", "/smartepi/v1/groups"])
def test_a_list_request_runs_through_few_files(path: str) -> None:
    files = trace_files(path)
    moves = sum(here != there for here, there in pairwise(files))
    assert len(set(files)) <= MAX_FILES, sorted(set(files))
    assert moves <= MAX_JUMPS
    assert (files[0], "http/response.py" in files) == ("http/server.py", True)
