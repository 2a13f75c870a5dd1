"""Converts a request to a Call and a Reply to bytes, and executes the Wire of a Reply on the connection."""

from __future__ import annotations

import logging
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from email.utils import formatdate
from errno import ECONNRESET
from functools import lru_cache
from http import HTTPStatus
from os import close
from threading import Event
from time import monotonic, sleep
from typing import IO, Any

from mockserver.engine import (
    SECOND,
    Call,
    Engine,
    Reply,
    StoreError,
    Wire,
    problem_reply,
    storage_failure_status,
    wall_time,
)
from mockserver.http.hosts import respond_misdirected
from mockserver.http.mounts import WSGIApp
from mockserver.http.parser import HEADERS_KEY, headers_from_environ
from mockserver.http.resolver import UNKNOWN_HOST, RequestResolver, ResolvedTarget, UnresolvedTarget

MAX_WAIT_SECONDS = 600.0
"""Maximum seconds for which a call waits or a connection is held open."""
_BODILESS = (204, 304)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_log = logging.getLogger("testmode")
stopping = Event()
"""Set when the server stops; connections are no longer held from then on."""


def build_call(engine: Engine, target: ResolvedTarget, environ: dict[str, Any]) -> Call:
    """Builds the Call of a request; raises OSError for a broken body, StoreError if the sandbox lookup fails."""
    provider, headers, data = target.provider, environ.get(HEADERS_KEY) or headers_from_environ(environ), None
    credential = provider.credential(headers, environ.get("QUERY_STRING", ""))
    if not credential.shown and provider.read_body_credential is not None:
        data, too_large = read_body(environ, engine.max_body_limit(provider.name))
        credential = provider.read_body_credential(data, headers.get("content-type", ""))
    sandbox, is_known = engine.find_sandbox(provider.name, credential, target.args)
    if data is None:
        data, too_large = read_body(environ, sandbox.assumptions.body_limit)
    elif len(data) > sandbox.assumptions.body_limit:
        data, too_large = b"", True
    return Call(
        sandbox=sandbox,
        method=target.method,
        path=target.path,
        operation=target.operation,
        args=target.args,
        allowed=target.allowed,
        query=target.query,
        headers=headers,
        data=data,
        too_large=too_large,
        address=environ.get("REMOTE_ADDR") or "127.0.0.1",
        mount=target.mount,
        origin=f"{environ['wsgi.url_scheme']}://{target.host}",
        credential=credential,
        tenant_known=is_known,
        wait=_wait,
    )


def create_provider_app(engine: Engine, resolver: RequestResolver, fallback: WSGIApp) -> WSGIApp:
    """Returns the application that handles requests for providers and passes all others to ``fallback``."""
    resolve = resolver.resolve

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = resolve(environ)
        if isinstance(target, UnresolvedTarget):
            return (respond_misdirected if target is UNKNOWN_HOST else fallback)(environ, start_response)
        try:
            call = build_call(engine, target, environ)
        except OSError:
            # The client disconnected or broke the framing inside its body, so there is no complete request.
            start_response("400 Bad Request", [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        except StoreError as error:
            # The store has failed, so the sandbox of the call and its clock are unknown.
            _log.error("%s", error)
            return send_reply(problem_reply(*storage_failure_status(error)), environ, wall_time(), start_response)
        return send_reply(engine.handle(call), environ, call.now, start_response)

    return application


def send_reply(reply: Reply, environ: dict[str, Any], at: int, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Starts the response, with a Date from the sandbox's clock; a reply with a wire takes over the connection."""
    status = _status_line(reply.status or 500)
    if reply.wire is not None:
        start_response(status, [])
        return _hijack_connection(environ, reply, reply.wire, at)
    headers = [*reply.headers, ("Content-Length", str(len(reply.body))), ("Date", http_date(at))]
    if reply.status in _BODILESS:
        start_response(status, [(name, value) for name, value in headers if not _is_content_field(reply.status, name)])
        return [b""]
    start_response(status, headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]


def _is_content_field(status: int, name: str) -> bool:
    lower = name.lower()
    return lower == "content-length" or (status == 304 and lower.startswith("content-"))


def _status_line(status: int) -> str:
    return f"{status} {_PHRASES.get(status, 'Unknown')}"


def http_date(instant: int) -> str:
    """Formats an instant (microseconds since 1970) as the value of a Date field."""
    return _http_date(instant // SECOND)


@lru_cache(maxsize=64)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def read_body(environ: dict[str, Any], limit: int) -> tuple[bytes, bool]:
    """Returns the request body, and whether it is longer than ``limit`` bytes; then the returned body is empty."""
    # Werkzeug cuts chunked bodies at MAX_CONTENT_LENGTH without an error, so this reads one byte more than the limit.
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH")
    if length and length.isascii() and length.isdigit():
        return (b"", True) if int(length) > limit else (_read_whole(stream, int(length)), False)
    if not environ.get("wsgi.input_terminated"):
        return b"", False
    data = stream.read(limit + 1)
    return (b"", True) if len(data) > limit else (data, False)


def _read_whole(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise ConnectionResetError(ECONNRESET, f"the body ended after {len(data)} of {length} bytes")
    return data


def _wait(seconds: float) -> None:
    sleep(min(seconds, MAX_WAIT_SECONDS))


def _hijack_connection(environ: dict[str, Any], reply: Reply, wire: Wire, at: int) -> Iterator[bytes]:
    # Our server and Werkzeug's both ask for the first piece of the body before they send anything, so nothing has been
    # sent yet. Both ignore a ConnectionResetError, so after the raise below they send nothing either.
    connection: socket.socket = environ["werkzeug.socket"]
    if wire.head and (environ["REQUEST_METHOD"] == "HEAD" or reply.status in _BODILESS):
        wire = replace(wire, cut_after=0)
    try:
        _hold_connection(connection, wire.hold)
        _send(connection, reply, wire, at)
        _close(connection, wire.reset)
    except OSError:
        pass
    raise ConnectionResetError(ECONNRESET, "the wire of the reply took over the connection")
    yield b""


def _hold_connection(connection: socket.socket, seconds: float) -> None:
    """Waits until the time is over, the client disconnects or the server stops."""
    if not seconds:
        return
    deadline = monotonic() + min(seconds, MAX_WAIT_SECONDS)
    old_timeout = connection.gettimeout()
    while (remaining := deadline - monotonic()) > 0 and not stopping.is_set():
        connection.settimeout(min(remaining, 0.5))
        try:
            # The connection ends with this reply, so data that the client sends now is discarded.
            if not connection.recv(65_536):
                return
            sleep(min(remaining, 0.05))
        except TimeoutError:
            continue
    connection.settimeout(old_timeout)


def _send(connection: socket.socket, reply: Reply, wire: Wire, at: int) -> None:
    body = reply.body if wire.cut_after is None else reply.body[: wire.cut_after]
    if wire.head:
        connection.sendall(_encode_head(reply, at))
    if wire.pace is None:
        connection.sendall(body)
        return
    deadline = monotonic() + MAX_WAIT_SECONDS
    for start in range(0, len(body), wire.pace.bytes):
        connection.sendall(body[start : start + wire.pace.bytes])
        if start + wire.pace.bytes < len(body) and not stopping.is_set() and monotonic() < deadline:
            sleep(wire.pace.seconds)


def _encode_head(reply: Reply, at: int) -> bytes:
    lines = [f"HTTP/1.1 {_status_line(reply.status)}", *(f"{name}: {value}" for name, value in reply.headers)]
    lines += [] if reply.status in _BODILESS else [f"Content-Length: {len(reply.body)}"]
    lines += [f"Date: {http_date(at)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _close(connection: socket.socket, reset: bool) -> None:
    if reset:
        # SO_LINGER with zero seconds makes close() send a TCP reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        close(connection.detach())
        return
    connection.shutdown(socket.SHUT_WR)
    _drain(connection)


def _drain(connection: socket.socket) -> None:
    # Closing with unread input would turn the normal end of the connection into a reset.
    connection.settimeout(0.05)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        pass
