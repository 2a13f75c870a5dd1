"""Where HTTP becomes a Call and a Reply becomes bytes; what an answer's Wire says is done here, whoever asked."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate
from errno import ECONNRESET
from functools import lru_cache
from http import HTTPStatus
from os import close
from threading import Event
from time import monotonic, sleep
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Response
from werkzeug.exceptions import MethodNotAllowed

from mockserver.engine import SECOND, Call, Credential, Engine, Operation, Reply, Wire
from mockserver.mounts import ENCODED_SLASH, NO_METHOD

LONGEST_WAIT = 600.0
"""No call waits longer than this many seconds, whatever it is told."""
_NOT_METHODS = {"HEAD", "OPTIONS", NO_METHOD}
_BODILESS = (204, 304)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
stopping = Event()
"""Set when the server stops: nobody is held any longer then."""


def read(
    engine: Engine, provider: str, environ: dict[str, Any], operation: Operation | None, args: dict[str, str] | None
) -> Call:
    """The call a request is, with its body read once and its sandbox found by its key."""
    headers = _headers(environ)
    query = environ.get("QUERY_STRING", "")
    credential, data, too_large = _shown(engine, provider, environ, headers)
    sandbox, is_known = engine.find(provider, credential, args or {})
    if data is None:
        data, too_large = read_body(environ, sandbox.assumptions.body_limit)
    elif len(data) > sandbox.assumptions.body_limit:
        data, too_large = b"", True
    return Call(
        sandbox=sandbox,
        method=environ["REQUEST_METHOD"],
        path=_sent_path(environ),
        operation=operation,
        args={name: value.replace(ENCODED_SLASH, "/") for name, value in (args or {}).items()},
        query=parse_qsl(query, keep_blank_values=True) if query else [],
        headers=headers,
        data=data,
        too_large=too_large,
        address=environ.get("REMOTE_ADDR") or "127.0.0.1",
        mount=environ["testmode.mount"],
        origin=f"{environ['wsgi.url_scheme']}://{headers.get('host', 'localhost')}",
        credential=credential,
        tenant_known=is_known,
        wait=_wait,
    )


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers


def _shown(
    engine: Engine, provider: str, environ: dict[str, Any], headers: Mapping[str, str]
) -> tuple[Credential, bytes | None, bool]:
    """What the client showed; and the body and whether it was too long, where the body had to be asked for it."""
    chosen = engine.provider(provider)
    credential = chosen.credential(headers, environ.get("QUERY_STRING", ""))
    if credential.shown or chosen.body_credential is None:
        return credential, None, False
    data, too_large = read_body(environ, engine.body_limit(provider))
    return chosen.body_credential(data, headers.get("content-type", "")), data, too_large


def allowed(error: Exception | None, operation: Operation | None, method: str) -> tuple[str, ...] | None:
    """The methods a path has, when it has not the one asked for; None when there is no such path."""
    if isinstance(error, MethodNotAllowed):
        return tuple(set(error.valid_methods or ()) - _NOT_METHODS)
    if error is None and operation is None:
        return ()  # The path has no methods at all, and a client has found the word that stands in for them.
    return (operation.method,) if operation is not None and operation.method != method else None


def write(reply: Reply, environ: dict[str, Any], at: int) -> Response:
    """The answer as Flask sends it, dated by the sandbox's clock; or a body that takes the connection over."""
    if reply.wire is not None:
        return _TakenOver(_take_over(environ, reply, reply.wire, at), reply.status or 500)
    headers = [*reply.headers, ("Content-Length", str(len(reply.body))), ("Date", http_date(at))]
    return _Answer(reply.body, _status(reply.status), headers)


class _Answer(Response):
    """An answer with the headers it is given, and none of Werkzeug's own choice."""

    default_mimetype = None
    automatically_set_content_length = False


class _TakenOver(Response):
    """An answer that is asked for its body whatever its method and status: asking is what takes the connection over."""

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:  # noqa: ARG002
        """The body, even of an answer to HEAD and of a 204, which Werkzeug would send without."""
        return self.iter_encoded()


def _status(status: int) -> str:
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


def _sent_path(environ: dict[str, Any]) -> str:
    target: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
    path = target.partition("?")[0]
    # A proxy's client names the whole URL; its authority may be anything.
    return path if path.startswith("/") else f"/{path.partition('://')[2].partition('/')[2]}"


def _wait(seconds: float) -> None:
    sleep(min(seconds, LONGEST_WAIT))


def _take_over(environ: dict[str, Any], reply: Reply, wire: Wire, at: int) -> Iterator[bytes]:
    # Both servers ask for the first piece of the body before they send anything, and take a reset connection as
    # nobody's fault: so here the connection is ours, and theirs no longer.
    connection: socket.socket = environ["werkzeug.socket"]
    if wire.head and (environ["REQUEST_METHOD"] == "HEAD" or reply.status in _BODILESS):
        wire = replace(wire, cut_after=0)
    try:
        _hold(connection, wire.hold)
        _send(connection, reply, wire, at)
        _close(connection, wire.reset)
    except OSError:
        pass
    raise ConnectionResetError(ECONNRESET, "the answer's wire took the connection over")
    yield b""


def _hold(connection: socket.socket, seconds: float) -> None:
    """Stay silent until the time is up, the client has gone or the server stops."""
    if not seconds:
        return
    until = monotonic() + min(seconds, LONGEST_WAIT)
    before = connection.gettimeout()
    while (left := until - monotonic()) > 0 and not stopping.is_set():
        connection.settimeout(min(left, 0.5))
        try:
            if not connection.recv(1, socket.MSG_PEEK):
                return
            sleep(min(left, 0.05))
        except TimeoutError:
            continue
    connection.settimeout(before)


def _send(connection: socket.socket, reply: Reply, wire: Wire, at: int) -> None:
    body = reply.body if wire.cut_after is None else reply.body[: wire.cut_after]
    if wire.head:
        connection.sendall(_head(reply, at))
    if wire.pace is None:
        connection.sendall(body)
        return
    until = monotonic() + LONGEST_WAIT
    for start in range(0, len(body), wire.pace.bytes):
        connection.sendall(body[start : start + wire.pace.bytes])
        if start + wire.pace.bytes < len(body) and not stopping.is_set() and monotonic() < until:
            sleep(wire.pace.seconds)


def _head(reply: Reply, at: int) -> bytes:
    lines = [f"HTTP/1.1 {_status(reply.status)}", *(f"{name}: {value}" for name, value in reply.headers)]
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
