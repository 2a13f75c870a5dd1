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
    Refusal,
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
MAX_UNREAD: Final = 64 * 1024
PARTING_SECONDS: Final = 2.0
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class Connection:
    """One client's socket with what it has sent so far; whoever waits sets a deadline that a sweep enforces."""

    def __init__(self, sock: socket.socket, head_seconds: float, idle_seconds: float) -> None:
        self.sock = sock
        self.buffer = b""
        self.idle = False
        self._fresh = True
        self._late = False
        self._deadline = inf
        self._sending = False
        self._head_seconds = head_seconds
        self._idle_seconds = idle_seconds

    def secure(self, tls: "SSLContext") -> None:
        """Speak TLS from now on; a client may take as long for its handshake as for a head. Raises OSError."""
        self.sock.settimeout(self._head_seconds)
        self.sock = tls.wrap_socket(self.sock, server_side=True)
        self.sock.settimeout(None)

    def head(self) -> bytes | None:
        """The next request's head without its empty line; None when the client left between two requests."""
        start = monotonic()
        if not self.buffer:
            self.idle = True
            self.buffer = self._receive(self._head_seconds if self._fresh else self._idle_seconds)
            self.idle = False
            if not self.buffer:
                return None
        due = (start if self._fresh else monotonic()) + self._head_seconds
        self._fresh = False
        # A client may end its last body with one CRLF too many (RFC 9112 2.2).
        self.buffer = self.buffer.removeprefix(CRLF)
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self._refuse_early()
            self._grow(due - monotonic(), "head")
        head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
        return head

    def line(self) -> bytes:
        """The next line of a chunked body, without its CRLF."""
        while (end := self.buffer.find(b"\n")) < 0 and len(self.buffer) <= MAX_CHUNK_LINE:
            self._grow(self._idle_seconds, "body")
        line, self.buffer = self.buffer[: end + 1], self.buffer[end + 1 :]
        if not 0 <= end <= MAX_CHUNK_LINE or line[-2:] != CRLF:
            raise Refusal(400, f"A line of a chunked body ends in CRLF after at most {MAX_CHUNK_LINE} octets.")
        return line[:-2]

    def crlf(self) -> None:
        """Read the CRLF that ends a chunk."""
        while len(self.buffer) < 2 and CRLF.startswith(self.buffer):
            self._grow(self._idle_seconds, "body")
        if not self.buffer.startswith(CRLF):
            raise Refusal(400, "A chunk ends in CRLF, right behind as many octets as it announced.")
        self.buffer = self.buffer[2:]

    def take(self, size: int) -> bytes:
        """Up to `size` octets of a body, at least one."""
        if not self.buffer:
            self._grow(self._idle_seconds, "body", size)
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

    def expire(self, now: float) -> None:
        """Wake whoever has waited for this client for too long."""
        if now >= self._deadline:
            self._late = True
            self.shut(socket.SHUT_RDWR if self._sending else socket.SHUT_RD)

    def retire(self, now: float) -> None:
        """Close a connection between two requests; one that has not sent its first yet gets a moment for it."""
        if self.idle and self._fresh:
            self._deadline = min(self._deadline, now + PARTING_SECONDS / 4)
        elif self.idle:
            # What has already arrived is still read and answered.
            self.shut(socket.SHUT_RD)

    def linger(self) -> None:
        """Let the client read its answer: closing on unread input would reset the connection under it."""
        self.shut(socket.SHUT_WR)
        due, budget = monotonic() + PARTING_SECONDS, MAX_UNREAD
        while budget > 0 and (data := self._receive(due - monotonic())):
            budget -= len(data)

    def hurry(self) -> None:
        """From now on wait for the client only as long as politeness asks."""
        self._idle_seconds = min(self._idle_seconds, PARTING_SECONDS)

    def shut(self, how: int) -> None:
        """Shut one direction, if there is still anything to shut."""
        with contextlib.suppress(OSError):
            # Of the connection and not of its TLS: somebody else may be reading from that just now.
            socket.socket.shutdown(self.sock, how)

    def _refuse_early(self) -> None:
        """Judge the beginning of a head now: its sender may be waiting for us to say something."""
        beginning = self.buffer.removesuffix(b"\r")
        line, end, block = beginning.partition(CRLF)
        check_sizes(len(line), len(block))
        check_octets(beginning)
        if end:
            parse_request_line(line.decode("latin-1"))

    def _grow(self, seconds: float, part: str, size: int = 65536) -> None:
        data = self._receive(seconds, size)
        if self._late:
            raise Refusal(408, f"The {part} of the request took too long.")
        if not data:
            raise Refusal(400, f"The connection ended within the {part} of the request.")
        self.buffer += data

    def _receive(self, seconds: float, size: int = 65536) -> bytes:
        self._deadline = monotonic() + seconds
        try:
            data: bytes = self.sock.recv(size)
        except OSError:
            return b""
        finally:
            self._deadline = inf
        return b"" if self._late else data


class Body(io.RawIOBase):
    """A request body as a stream; what breaks it is raised to the reader and kept for the answer."""

    def __init__(self, connection: Connection, length: int, unasked: bool) -> None:
        self._connection = connection
        self._chunk = max(length, 0)
        self.left = length
        self.unasked = unasked
        self.refusal: Refusal | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, target: "WriteableBuffer") -> int:
        """Fill some of `target`; 0 at the end. Raises Refusal."""
        try:
            return self._fill(memoryview(target))
        except Refusal as refusal:
            self.refusal = refusal
            raise

    def discard(self) -> bool:
        """Read what the application left unread; false when that is too much, too slow or broken."""
        if self.left > MAX_UNREAD:
            return False
        scratch, budget, due = memoryview(bytearray(8192)), MAX_UNREAD, monotonic() + PARTING_SECONDS
        self._connection.hurry()
        try:
            while self.left and budget > 0 and monotonic() < due:
                budget -= self._fill(scratch)
        except Refusal:
            return False
        return self.left == 0

    def _fill(self, target: memoryview) -> int:
        if self.left == 0:
            return 0
        if self.unasked:
            self.unasked = False
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunk == 0 and not self._next_chunk():
            return 0
        data = self._connection.take(min(len(target), self._chunk))
        target[: len(data)] = data
        self._chunk -= len(data)
        if self.left > 0:
            self.left = self._chunk
        elif self._chunk == 0:
            self._connection.crlf()
        return len(data)

    def _next_chunk(self) -> bool:
        line = _CHUNK_LINE.fullmatch(self._connection.line())
        if line is None or (size := int(line[1], 16)) > MAX_CHUNK:
            raise Refusal(400, "A chunk begins with its size in hexadecimal digits.")
        self._chunk = size
        if size == 0:
            self._skip_trailers()
            self.left = 0
        return size > 0

    def _skip_trailers(self) -> None:
        for _ in range(MAX_FIELDS + 1):
            line = self._connection.line()
            if not line:
                return
            check_octets(line)
            parse_fields([line.decode("latin-1")])
        raise Refusal(431, f"A request has at most {MAX_FIELDS} trailer fields.")


def open_body(connection: Connection, request: Request) -> tuple[BinaryIO, Body | None]:
    """The stream of a body that is there, for the application, and the part of it that is still to come, if any."""
    length = request.block.length
    if 0 < length <= len(connection.buffer):
        return io.BytesIO(connection.take(length)), None
    body = Body(connection, length, request.block.expects_continue and not connection.buffer)
    return io.BufferedReader(body, 16384), body
