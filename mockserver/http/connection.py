"""Reads requests from one client connection and writes to it, with deadlines for each wait."""

import contextlib
import io
import re
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, Final

from gevent import socket

from mockserver.http.parser import (
    CRLF,
    MAX_FIELDS,
    ProtocolError,
    Request,
    check_octets,
    check_sizes,
    parse_fields,
    parse_request_line,
)

if TYPE_CHECKING:
    from ssl import SSLContext

    from _typeshed import WriteableBuffer

MAX_CHUNK_LINE: Final = 1024
"""Maximum octets of a chunk-size line or trailer line."""
MAX_CHUNK: Final = 1 << 40
"""Maximum octets of one chunk."""
MAX_DISCARD_BYTES: Final = 64 * 1024
"""Maximum octets of unread input that are discarded to keep a connection open or to end it without a reset."""
LINGER_SECONDS: Final = 2.0
"""Seconds to wait for unread input before closing."""
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class Connection:
    """One client's socket and the input that was received but not used yet.

    Each wait sets a deadline; the server calls ``check_deadline`` regularly.
    """

    def __init__(self, sock: socket.socket, head_seconds: float, idle_seconds: float) -> None:
        self.sock = sock
        self.buffer = b""
        self.is_idle = False
        self._is_new = True
        self._timed_out = False
        self._deadline = inf
        self._sending = False
        self._head_seconds = head_seconds
        self._idle_seconds = idle_seconds

    def start_tls(self, tls: "SSLContext") -> None:
        """Performs the TLS handshake, with the timeout of a head; raises OSError if it fails."""
        self.sock.settimeout(self._head_seconds)
        self.sock = tls.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    def read_head(self) -> bytes | None:
        """Returns the next request head without its empty line; None if the client disconnected between requests.

        Raises ProtocolError for an incomplete, late or malformed head.
        """
        start = monotonic()
        if not self.buffer:
            self.is_idle = True
            self.buffer = self._receive(self._head_seconds if self._is_new else self._idle_seconds)
            self.is_idle = False
            if not self.buffer:
                return None
        # On a new connection the limit includes the wait for the first octet.
        deadline = (start if self._is_new else monotonic()) + self._head_seconds
        self._is_new = False
        # A client may end its last body with one CRLF too many (RFC 9112 2.2).
        self.buffer = self.buffer.removeprefix(CRLF)
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._check_partial_head()
            self._fill_buffer(deadline - monotonic(), "head")
        head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
        return head

    def read_line(self) -> bytes:
        """Returns the next line of a chunked body without its CRLF; raises ProtocolError."""
        while (end := self.buffer.find(b"\n")) < 0 and len(self.buffer) <= MAX_CHUNK_LINE:
            self._fill_buffer(self._idle_seconds, "body")
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        if not 0 <= end <= MAX_CHUNK_LINE or line[-2:] != CRLF:
            raise ProtocolError(400, f"Lines of a chunked body must end in CRLF after at most {MAX_CHUNK_LINE} octets.")
        return line[:-2]

    def read_crlf(self) -> None:
        """Reads the CRLF at the end of a chunk; raises ProtocolError."""
        while len(self.buffer) < 2 and CRLF.startswith(self.buffer):
            self._fill_buffer(self._idle_seconds, "body")
        if not self.buffer.startswith(CRLF):
            raise ProtocolError(400, "A chunk must have exactly as many octets as its size says, followed by CRLF.")
        self.buffer = self.buffer[2:]

    def read_some(self, size: int) -> bytes:
        """Returns 1 to ``size`` octets of a body; raises ProtocolError if none arrive."""
        if not self.buffer:
            self._fill_buffer(self._idle_seconds, "body", size)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def send(self, data: bytes) -> None:
        """Sends all data; raises OSError if the client disconnects or stops reading."""
        self._sending = True
        try:
            while data:
                self._deadline = monotonic() + self._idle_seconds
                data = data[self.sock.send(data) :]
        finally:
            self._sending = False
            self._deadline = inf

    def check_deadline(self, now: float) -> None:
        """Shuts down the socket if its deadline has passed; this wakes the greenlet that waits for the socket."""
        if now >= self._deadline:
            self._timed_out = True
            self.shutdown(socket.SHUT_RDWR if self._sending else socket.SHUT_RD)

    def close_if_idle(self, now: float) -> None:
        """Ends the connection if no request is in progress.

        On a new connection the client has another half second to send its first request.
        """
        if self.is_idle and self._is_new:
            self._deadline = min(self._deadline, now + LINGER_SECONDS / 4)
        elif self.is_idle:
            # A request that has already arrived is still read and gets a reply.
            self.shutdown(socket.SHUT_RD)

    def linger(self) -> None:
        """Discards input, because closing a socket with unread input resets it before the client can read its reply."""
        self.shutdown(socket.SHUT_WR)
        deadline, budget = monotonic() + LINGER_SECONDS, MAX_DISCARD_BYTES
        while budget > 0 and (data := self._receive(deadline - monotonic())):
            budget -= len(data)

    def shorten_timeout(self) -> None:
        """Limits further waits for the client to LINGER_SECONDS."""
        self._idle_seconds = min(self._idle_seconds, LINGER_SECONDS)

    def shutdown(self, how: int) -> None:
        """Shuts down one or both directions of the socket; does nothing if it is already closed."""
        with contextlib.suppress(OSError):
            # This shuts down the plain socket, because another greenlet may be reading from the TLS object.
            socket.socket.shutdown(self.sock, how)

    def _check_partial_head(self) -> None:
        """Refuses a malformed head early, because its sender may wait for a response before it sends the rest."""
        beginning = self.buffer.removesuffix(b"\r")
        line, end, block = beginning.partition(CRLF)
        check_sizes(len(line), len(block))
        check_octets(beginning)
        if end:
            parse_request_line(line.decode("latin-1"))

    def _fill_buffer(self, seconds: float, part: str, size: int = 65536) -> None:
        data = self._receive(seconds, size)
        if self._timed_out:
            raise ProtocolError(408, f"The {part} of the request took too long to arrive.")
        if not data:
            raise ProtocolError(400, f"The connection ended before the {part} of the request was complete.")
        self.buffer += data

    def _receive(self, seconds: float, size: int = 65536) -> bytes:
        self._deadline = monotonic() + seconds
        try:
            data: bytes = self.sock.recv(size)
        except OSError:
            return b""
        finally:
            self._deadline = inf
        return b"" if self._timed_out else data


class RequestBody(io.RawIOBase):
    """A request body as a stream; raises ProtocolError to the reader, and keeps it in ``refusal`` for the response."""

    def __init__(self, connection: Connection, length: int, awaits_continue: bool) -> None:
        self._connection = connection
        self._chunk = max(length, 0)
        """Unread octets of the current chunk; a body that is not chunked is one chunk."""
        self.remaining = length
        """Unread octets; negative for a chunked body that is not complete."""
        self.awaits_continue = awaits_continue
        self.refusal: ProtocolError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: "WriteableBuffer") -> int:
        """Fills a part of ``target`` and returns its size, 0 at the end; raises ProtocolError."""
        try:
            return self._fill(memoryview(target))
        except ProtocolError as refusal:
            self.refusal = refusal
            raise

    def discard(self) -> bool:
        """Reads the rest of the body; returns False if it is too long, too slow or malformed."""
        if self.remaining > MAX_DISCARD_BYTES:
            return False
        scratch, budget, deadline = memoryview(bytearray(8192)), MAX_DISCARD_BYTES, monotonic() + LINGER_SECONDS
        self._connection.shorten_timeout()
        try:
            while self.remaining and budget > 0 and monotonic() < deadline:
                budget -= self._fill(scratch)
        except ProtocolError:
            return False
        return self.remaining == 0

    def _fill(self, target: memoryview) -> int:
        if self.remaining == 0:
            return 0
        if self.awaits_continue:
            self.awaits_continue = False
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunk == 0 and not self._next_chunk():
            return 0
        data = self._connection.read_some(min(len(target), self._chunk))
        target[: len(data)] = data
        self._chunk -= len(data)
        if self.remaining > 0:
            self.remaining = self._chunk
        elif self._chunk == 0:
            self._connection.read_crlf()
        return len(data)

    def _next_chunk(self) -> bool:
        line = _CHUNK_LINE.fullmatch(self._connection.read_line())
        if line is None or (size := int(line[1], 16)) > MAX_CHUNK:
            raise ProtocolError(400, f"A chunk must begin with its size in hexadecimal digits, at most {MAX_CHUNK:x}.")
        self._chunk = size
        if size == 0:
            self._skip_trailers()
            self.remaining = 0
        return size > 0

    def _skip_trailers(self) -> None:
        for _ in range(MAX_FIELDS + 1):
            line = self._connection.read_line()
            if not line:
                return
            check_octets(line)
            parse_fields([line.decode("latin-1")])
        raise ProtocolError(431, f"A request must have at most {MAX_FIELDS} trailer fields.")


def open_body(connection: Connection, request: Request) -> tuple[BinaryIO, RequestBody | None]:
    """Returns the body as a stream for the application, and the RequestBody if it has not arrived completely."""
    length = request.header_section.length
    if 0 < length <= len(connection.buffer):
        return io.BytesIO(connection.read_some(length)), None
    body = RequestBody(connection, length, request.header_section.expects_continue and not connection.buffer)
    return io.BufferedReader(body, 16384), body
