"""Writes responses: status line, header fields, framing, and whether the connection stays open."""

import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from mockserver.http.connection import MAX_DISCARD_BYTES, Connection, RequestBody
from mockserver.http.parser import TOKEN, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

_MAX_SINGLE_SEND: Final = 64 * 1024
DISCONNECT_ERRORS: Final = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
_BODILESS: Final = ("204", "304")
_STATUS = re.compile(r"[2-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

log = logging.getLogger("mockserver.http.server")


class ResponseWriter:
    """Writes the response to one request; provides the ``start_response`` and ``write`` of PEP 3333."""

    def __init__(
        self, is_draining: Callable[[], bool], connection: Connection, request: Request, body: RequestBody | None
    ) -> None:
        self.keep_alive = request.header_section.keep_alive
        self.head_sent = False
        self._is_draining = is_draining
        self._connection = connection
        self._request = request
        self._body = body
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._bodiless = request.line.method == "HEAD"
        self._chunked = False
        self._length: int | None = None
        self._sent = 0

    def run(self, app: "WSGIApplication", environ: dict[str, Any]) -> None:
        """Calls the application and sends its response; raises what the application or the connection raises."""
        result = app(environ, self.start_response)
        try:
            self._send_all(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Accepts the head of the response; raises ValueError if it must not be sent."""
        if exc_info is not None and self.head_sent and exc_info[1] is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        check_response_head(status, headers)
        self._status, self._headers = status, list(headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Sends a piece of the body, the first one with the head; raises ProtocolError, ValueError or OSError."""
        if self.head_sent:
            self._connection.send(self._frame(data))
            return
        if self._body is not None and self._body.refusal is not None:
            # The request body was malformed or incomplete, so this refusal replaces the application's response.
            raise self._body.refusal
        head = self._build_head()
        self.head_sent = True
        data = self._frame(data)
        if len(data) <= _MAX_SINGLE_SEND:
            self._connection.send(head + data)
        else:
            self._connection.send(head)
            self._connection.send(data)

    def _send_all(self, result: Iterable[bytes]) -> None:
        if isinstance(result, list | tuple):
            data = b"".join(result)
            self._length = len(data)
            result = (data,)
        for data in result:
            if data:
                self.write(data)
        if not self.head_sent:
            self.write(b"")
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        elif self._length not in (None, self._sent) and not self._bodiless:
            log.error("The application declared a Content-Length of %s octets but sent %s.", self._length, self._sent)
            self.keep_alive = False

    def _frame(self, data: bytes) -> bytes:
        if self._bodiless or not data:
            return b""
        self._sent += len(data)
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def _build_head(self) -> bytes:
        if not self._status:
            raise RuntimeError("The application must call start_response before it returns a body.")
        fields = {name.lower(): value for name, value in self._headers}
        self._choose_framing(fields)
        self._decide_persistence(fields.get("connection"))
        lines = "".join([f"{name}: {value}\r\n" for name, value in self._headers])
        return f"HTTP/1.1 {self._status}\r\n{lines}\r\n".encode("latin-1")

    def _choose_framing(self, fields: dict[str, str]) -> None:
        if "transfer-encoding" in fields:
            raise ValueError("An application must not send Transfer-Encoding; the server sets it.")
        has_no_body = self._status[:3] in _BODILESS
        if "content-length" in fields:
            self._length = int(fields["content-length"])
        elif self._length is not None and not (has_no_body or self._bodiless):
            self._headers.append(("Content-Length", str(self._length)))
        elif not (has_no_body or self._bodiless):
            self._frame_unknown_length()
        self._bodiless = self._bodiless or has_no_body

    def _frame_unknown_length(self) -> None:
        if self._request.line.version == "HTTP/1.1":
            self._chunked = True
            self._headers.append(("Transfer-Encoding", "chunked"))
        else:
            self.keep_alive = False

    def _decide_persistence(self, connection: str | None) -> None:
        body = self._body
        if self._is_draining():
            self.keep_alive = False
        if body is not None and (body.awaits_continue or body.remaining > MAX_DISCARD_BYTES):
            self.keep_alive = False
            # 100 Continue must not follow a final response.
            body.awaits_continue = False
        if connection is not None:
            self.keep_alive = self.keep_alive and connection.lower() != "close"
        elif not self.keep_alive:
            self._headers.append(("Connection", "close"))
        elif self._request.line.version == "HTTP/1.0":
            self._headers.append(("Connection", "keep-alive"))


def _is_token(name: str) -> bool:
    return TOKEN.fullmatch(name) is not None


@lru_cache(maxsize=256)
def _are_tokens(names: tuple[str, ...]) -> bool:
    return all(map(_is_token, names))


def check_response_head(status: str, headers: list[tuple[str, str]]) -> None:
    """Raises ValueError for a status line or header field with characters that would break the response."""
    if not _STATUS.fullmatch(status):
        raise ValueError(f"{status!r} is not a final status; it must be a code of 200 or more, a space and a phrase.")
    text = "".join([value for _, value in headers])
    if text.isascii() and text.isprintable() and _are_tokens(tuple([name for name, _ in headers])):
        return  # Almost all responses pass this faster check.
    for name, value in headers:
        if not _is_token(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"The response header {name!r} contains a character that cannot be sent.")
