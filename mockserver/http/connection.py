"""One client's connection: its bytes in and out, its deadlines, and the body of a request."""

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
MAX_CHUNK: Final = 1 << 40
MAX_DISCARD_BYTES: Final = 64 * 1024
LINGER_SECONDS: Final = 2.0
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class Connection:
    """One client's socket with what it has sent so far; whoever waits sets a deadline that a sweep enforces."""

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
        """Speak TLS from now on; a client may take as long for its handshake as for a head. Raises OSError."""
        self.sock.settimeout(self._head_seconds)
        self.sock = tls.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    def read_head(self) -> bytes | None:
        """The next request's head without its empty line; None when the client left between two requests."""
        start = monotonic()
        if not self.buffer:
            self.is_idle = True
            self.buffer = self._receive(self._head_seconds if self._is_new else self._idle_seconds)
            self.is_idle = False
            if not self.buffer:
                return None
        due = (start if self._is_new else monotonic()) + self._head_seconds
        self._is_new = False
        # A client may end its last body with one CRLF too many (RFC 9112 2.2).
        self.buffer = self.buffer.removeprefix(CRLF)
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._check_partial_head()
            self._fill_buffer(due - monotonic(), "head")
        head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
        return head

    def read_line(self) -> bytes:
        """The next line of a chunked body, without its CRLF."""
        while (end := self.buffer.find(b"\n")) < 0 and len(self.buffer) <= MAX_CHUNK_LINE:
            self._fill_buffer(self._idle_seconds, "body")
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        if not 0 <= end <= MAX_CHUNK_LINE or line[-2:] != CRLF:
            raise ProtocolError(400, f"A line of a chunked body ends in CRLF after at most {MAX_CHUNK_LINE} octets.")
        return line[:-2]

    def read_crlf(self) -> None:
        """Read the CRLF that ends a chunk."""
        while len(self.buffer) < 2 and CRLF.startswith(self.buffer):
            self._fill_buffer(self._idle_seconds, "body")
        if not self.buffer.startswith(CRLF):
            raise ProtocolError(400, "A chunk ends in CRLF, right behind as many octets as it announced.")
        self.buffer = self.buffer[2:]

    def read_some(self, size: int) -> bytes:
        """Up to `size` octets of a body, at least one."""
        if not self.buffer:
            self._fill_buffer(self._idle_seconds, "body", size)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def send(self, data: bytes) -> None:
        """Send all of it, as long as the client keeps reading. Raises OSError when it does not."""
        self._sending = True
        try:
            while data:
                self._deadline = monotonic() + self._idle_seconds
                data = data[self.sock.send(data) :]
        finally:
            self._sending = False
            self._deadline = inf

    def check_deadline(self, now: float) -> None:
        """Wake whoever has waited for this client for too long."""
        if now >= self._deadline:
            self._timed_out = True
            self.shutdown(socket.SHUT_RDWR if self._sending else socket.SHUT_RD)

    def close_if_idle(self, now: float) -> None:
        """Close a connection between two requests; one that has not sent its first yet gets a moment for it."""
        if self.is_idle and self._is_new:
            self._deadline = min(self._deadline, now + LINGER_SECONDS / 4)
        elif self.is_idle:
            # What has already arrived is still read and answered.
            self.shutdown(socket.SHUT_RD)

    def linger(self) -> None:
        """Let the client read its answer: closing on unread input would reset the connection under it."""
        self.shutdown(socket.SHUT_WR)
        due, budget = monotonic() + LINGER_SECONDS, MAX_DISCARD_BYTES
        while budget > 0 and (data := self._receive(due - monotonic())):
            budget -= len(data)

    def shorten_timeout(self) -> None:
        """From now on wait for the client only as long as politeness asks."""
        self._idle_seconds = min(self._idle_seconds, LINGER_SECONDS)

    def shutdown(self, how: int) -> None:
        """Shut one direction, if there is still anything to shut."""
        with contextlib.suppress(OSError):
            # Of the connection and not of its TLS: somebody else may be reading from that just now.
            socket.socket.shutdown(self.sock, how)

    def _check_partial_head(self) -> None:
        """Judge the beginning of a head now: its sender may be waiting for us to say something."""
        beginning = self.buffer.removesuffix(b"\r")
        line, end, block = beginning.partition(CRLF)
        check_sizes(len(line), len(block))
        check_octets(beginning)
        if end:
            parse_request_line(line.decode("latin-1"))

    def _fill_buffer(self, seconds: float, part: str, size: int = 65536) -> None:
        data = self._receive(seconds, size)
        if self._timed_out:
            raise ProtocolError(408, f"The {part} of the request took too long.")
        if not data:
            raise ProtocolError(400, f"The connection ended within the {part} of the request.")
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
    """A request body as a stream; what breaks it is raised to the reader and kept for the answer."""

    def __init__(self, connection: Connection, length: int, awaits_continue: bool) -> None:
        self._connection = connection
        self._chunk = max(length, 0)
        self.remaining = length
        self.awaits_continue = awaits_continue
        self.refusal: ProtocolError | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, target: "WriteableBuffer") -> int:
        """Fill some of `target`; 0 at the end. Raises Refusal."""
        try:
            return self._fill(memoryview(target))
        except ProtocolError as refusal:
            self.refusal = refusal
            raise

    def discard(self) -> bool:
        """Read what the application left unread; false when that is too much, too slow or broken."""
        if self.remaining > MAX_DISCARD_BYTES:
            return False
        scratch, budget, due = memoryview(bytearray(8192)), MAX_DISCARD_BYTES, monotonic() + LINGER_SECONDS
        self._connection.shorten_timeout()
        try:
            while self.remaining and budget > 0 and monotonic() < due:
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
            raise ProtocolError(400, "A chunk begins with its size in hexadecimal digits.")
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
        raise ProtocolError(431, f"A request has at most {MAX_FIELDS} trailer fields.")


def open_body(connection: Connection, request: Request) -> tuple[BinaryIO, RequestBody | None]:
    """The stream of a body that is there, for the application, and the part of it that is still to come, if any."""
    length = request.header_section.length
    if 0 < length <= len(connection.buffer):
        return io.BytesIO(connection.read_some(length)), None
    body = RequestBody(connection, length, request.header_section.expects_continue and not connection.buffer)
    return io.BufferedReader(body, 16384), body
