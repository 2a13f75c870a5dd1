"""Where HTTP becomes a Call and a Reply becomes bytes; what an answer's Wire says is done here, whoever asked."""

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
"""No call waits longer than this many seconds, whatever it is told."""
_BODILESS = (204, 304)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_log = logging.getLogger("testmode")
stopping = Event()
"""Set when the server stops: nobody is held any longer then."""


def build_call(engine: Engine, target: ResolvedTarget, environ: dict[str, Any]) -> Call:
    """The call a request is, with its body read once and its sandbox found by its key."""
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
    """The application that takes requests to providers through the pipeline, and gives all others to ``fallback``."""
    resolve = resolver.resolve

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        target = resolve(environ)
        if isinstance(target, UnresolvedTarget):
            return (respond_misdirected if target is UNKNOWN_HOST else fallback)(environ, start_response)
        try:
            call = build_call(engine, target, environ)
        except OSError:
            # The client broke off or broke the framing in the middle of its body: nobody asked for anything.
            start_response("400 Bad Request", [("Content-Length", "0"), ("Connection", "close")])
            return [b""]
        except StoreError as error:
            # Whose call it is only the store knows, and it does not answer.
            _log.error("%s", error)
            return send_reply(problem_reply(*storage_failure_status(error)), environ, wall_time(), start_response)
        return send_reply(engine.handle(call), environ, call.now, start_response)

    return application


def send_reply(reply: Reply, environ: dict[str, Any], at: int, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The answer, dated by the sandbox's clock; or a body that takes the connection over when it is asked for."""
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
    """Whether a header says something of a body, which an answer of this status does not have."""
    lower = name.lower()
    return lower == "content-length" or (status == 304 and lower.startswith("content-"))


def _status_line(status: int) -> str:
    return f"{status} {_PHRASES.get(status, 'Unknown')}"


def http_date(instant: int) -> str:
    """An instant as HTTP writes it in a Date header."""
    return _http_date(instant // SECOND)


@lru_cache(maxsize=64)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def read_body(environ: dict[str, Any], limit: int) -> tuple[bytes, bool]:
    """The request's body, and whether it was longer than the limit and so was not taken."""
    # Werkzeug cuts chunked bodies at MAX_CONTENT_LENGTH in silence; so one byte more than the limit is read.
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
    # Both servers ask for the first piece of the body before they send anything, and take a reset connection as
    # nobody's fault: so here the connection is ours, and theirs no longer.
    connection: socket.socket = environ["werkzeug.socket"]
    if wire.head and (environ["REQUEST_METHOD"] == "HEAD" or reply.status in _BODILESS):
        wire = replace(wire, cut_after=0)
    try:
        _stay_silent(connection, wire.hold)
        _send(connection, reply, wire, at)
        _close(connection, wire.reset)
    except OSError:
        pass
    raise ConnectionResetError(ECONNRESET, "the answer's wire took the connection over")
    yield b""


def _stay_silent(connection: socket.socket, seconds: float) -> None:
    """Stay silent until the time is up, the client has gone or the server stops."""
    if not seconds:
        return
    until = monotonic() + min(seconds, MAX_WAIT_SECONDS)
    before = connection.gettimeout()
    while (left := until - monotonic()) > 0 and not stopping.is_set():
        connection.settimeout(min(left, 0.5))
        try:
            # What the client sends meanwhile nobody reads: the connection ends with this answer.
            if not connection.recv(65_536):
                return
            sleep(min(left, 0.05))
        except TimeoutError:
            continue
    connection.settimeout(before)


def _send(connection: socket.socket, reply: Reply, wire: Wire, at: int) -> None:
    body = reply.body if wire.cut_after is None else reply.body[: wire.cut_after]
    if wire.head:
        connection.sendall(_encode_head(reply, at))
    if wire.pace is None:
        connection.sendall(body)
        return
    until = monotonic() + MAX_WAIT_SECONDS
    for start in range(0, len(body), wire.pace.bytes):
        connection.sendall(body[start : start + wire.pace.bytes])
        if start + wire.pace.bytes < len(body) and not stopping.is_set() and monotonic() < until:
            sleep(wire.pace.seconds)


def _encode_head(reply: Reply, at: int) -> bytes:
    lines = [f"HTTP/1.1 {_status_line(reply.status)}", *(f"{name}: {value}" for name, value in reply.headers)]
    lines += [] if reply.status in _BODILESS else [f"Content-Length: {len(reply.body)}"]
    lines += [f"Date: {http_date(at)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _close(connection: socket.socket, reset: bool) -> None:
    if reset:
        # A close with unsent data waiting zero seconds is what TCP calls a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        close(connection.detach())
        return
    connection.shutdown(socket.SHUT_WR)
    _drain(connection)


def _drain(connection: socket.socket) -> None:
    # Closing while the client still sends would turn the orderly end into a reset.
    connection.settimeout(0.05)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        pass
