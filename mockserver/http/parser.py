"""Parses request heads strictly by RFC 9112; a ProtocolError states the violated rule in one sentence."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_to_bytes

MAX_LINE: Final = 8 * 1024
"""Maximum octets of the request line."""
MAX_FIELD_OCTETS: Final = 16 * 1024
"""Maximum octets of all header fields together."""
MAX_FIELDS: Final = 100
UNKNOWN_LENGTH: Final = -1
"""The length of a chunked body."""
CACHE_SIZE: Final = 512
MAX_CACHED_LENGTH: Final = 2 * 1024
"""Maximum octets of a head that is cached; a longer head is parsed each time."""

HEADERS_KEY: Final = "testmode.headers"
"""The key of the WSGI environ for the header fields by lower-case name; only Testmode's own server sets it."""
CRLF: Final = b"\r\n"
_TEXT: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"[\x21-\x7e\x80-\xff]+")
_AUTHORITY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
_ABSOLUTE = re.compile(r"(?i:https?)://([^/?]+)(/[^?]*)?(?:\?(.*))?")
_BODY_FIELDS: Final = ("content-type", "content-length")
_PHRASES: Final = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


class ProtocolError(OSError):
    """A violation of HTTP that ends the connection.

    It is an OSError, because applications expect an OSError when they read a body.
    """

    def __init__(self, status: int, rule: str) -> None:
        super().__init__(rule)
        self.status = status
        self.rule = rule

    def to_bytes(self) -> bytes:
        """Returns the whole response, head and body."""
        head = (
            f"HTTP/1.1 {self.status} {_PHRASES[self.status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(self.rule) + 1}\r\nConnection: close\r\n\r\n"
        )
        return f"{head}{self.rule}\n".encode()


class RequestLine(NamedTuple):
    """A parsed request line; ``authority`` is that of an absolute target, and replaces the Host field."""

    method: str
    target: str
    version: str
    path: str
    query: str
    authority: str | None


class HeaderSection(NamedTuple):
    """The parsed header fields; ``length`` is UNKNOWN_LENGTH for a chunked body."""

    fields: dict[str, str]
    """By WSGI name."""
    headers: dict[str, str]
    """By lower-case name."""
    length: int
    keep_alive: bool
    expects_continue: bool


class Request(NamedTuple):
    """A parsed request head."""

    line: RequestLine
    header_section: HeaderSection


def parse_head(head: bytes) -> Request:
    """Parses a whole head without its final empty line; raises ProtocolError.

    Equal request lines and equal header blocks share one cached result, which the caller must not change.
    """
    start, _, rest = head.partition(CRLF)
    check_sizes(len(start), len(rest))
    is_short = len(head) <= MAX_CACHED_LENGTH
    line = (_cached_line if is_short else _read_line)(start)
    return Request(
        line, (_cached_header_section if is_short else _read_header_section)(rest, line.version, line.authority)
    )


def _read_line(start: bytes) -> RequestLine:
    check_octets(start)
    method, target, version = parse_request_line(start.decode("latin-1"))
    return RequestLine(method, target, version, *_split_target(method, target))


def _read_header_section(block: bytes, version: str, authority: str | None) -> HeaderSection:
    check_octets(block)
    lines = block.decode("latin-1").split("\r\n") if block else []
    if len(lines) > MAX_FIELDS:
        raise ProtocolError(431, f"A request must have at most {MAX_FIELDS} header fields.")
    fields = parse_fields(lines)
    if authority is not None and "HTTP_HOST" in fields:
        # RFC 9112 3.2.2: the authority of the target replaces the value of the Host field.
        fields["HTTP_HOST"] = authority
    _check_host(fields, version)
    length = _body_length(fields, version)
    return HeaderSection(
        fields,
        headers_from_environ(fields),
        length,
        _is_keep_alive(fields, version),
        _expects_continue(fields, version),
    )


# Clients often repeat the same request line or the same header fields.
_cached_line = lru_cache(maxsize=CACHE_SIZE)(_read_line)
_cached_header_section = lru_cache(maxsize=CACHE_SIZE)(_read_header_section)


def check_sizes(line: int, block: int) -> None:
    """Raises ProtocolError if the request line or the header block is too long."""
    if line > MAX_LINE:
        raise ProtocolError(414, f"A request line must have at most {MAX_LINE} octets.")
    if block > MAX_FIELD_OCTETS:
        raise ProtocolError(431, f"The header fields must have at most {MAX_FIELD_OCTETS} octets in total.")


def check_octets(head: bytes) -> None:
    """Raises ProtocolError for control characters, and for CR or LF that is not part of CRLF."""
    # After the allowed characters are deleted, a valid head contains only CRLFs. This takes two C calls.
    if head.translate(None, _TEXT) != CRLF * head.count(CRLF):
        raise ProtocolError(400, "A request head must consist of lines that end in CRLF, without control characters.")


def parse_request_line(line: str) -> tuple[str, str, str]:
    """Splits a line such as ``GET /path HTTP/1.1`` into its three parts; raises ProtocolError."""
    parts = line.split(" ")
    if len(parts) != 3:
        raise ProtocolError(400, "A request line must be a method, a target and a version, separated by single spaces.")
    method, target, version = parts
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        known = re.fullmatch(r"HTTP/[0-9]\.[0-9]", version)
        raise ProtocolError(505 if known else 400, "The HTTP version must be HTTP/1.1 or HTTP/1.0.")
    if not TOKEN.fullmatch(method):
        raise ProtocolError(400, "The method must be a token (RFC 9110 section 5.6.2).")
    if not _TARGET.fullmatch(target):
        raise ProtocolError(400, "The request target must not contain spaces or control characters.")
    return method, target, version


def parse_fields(lines: list[str]) -> dict[str, str]:
    """Parses header fields by WSGI name and joins repeated ones; raises ProtocolError.

    Host, Content-Length and Content-Type must not be repeated.
    """
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError(400, "A header field must contain a colon.")
        key = _environ_key(name)
        value = value.strip(" \t")
        if key not in fields:
            fields[key] = value
        elif key in ("HTTP_HOST", "CONTENT_LENGTH", "CONTENT_TYPE"):
            raise ProtocolError(400, f"{name} must be sent only once.")
        else:
            fields[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
    # Fields whose names have an underscore are ignored, because WSGI cannot distinguish an underscore from a hyphen.
    # _environ_key returns "" for them.
    fields.pop("", None)
    return fields


@lru_cache(maxsize=256)
def _environ_key(name: str) -> str:
    if not TOKEN.fullmatch(name):
        raise ProtocolError(400, "The name of a header field must be a token, followed directly by a colon.")
    key = name.upper().replace("-", "_")
    if "_" in name:
        return ""
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def headers_from_environ(environ: Mapping[str, Any]) -> dict[str, str]:
    """Returns the header fields of a WSGI environ by lower-case name."""
    return {
        name: value
        for key, value in environ.items()
        if (name := _header_name(key)) and (value or name not in _BODY_FIELDS)
    }


@lru_cache(maxsize=512)
def _header_name(key: str) -> str:
    name = key.lower().replace("_", "-")
    if key.startswith("HTTP_"):
        return name.removeprefix("http-")
    return name if name in _BODY_FIELDS else ""


def _split_target(method: str, target: str) -> tuple[str, str, str | None]:
    authority = None
    if target[0] == "/":
        path, _, query = target.partition("?")
    elif absolute := _ABSOLUTE.fullmatch(target):
        authority, path, query = absolute[1], absolute[2] or "/", absolute[3] or ""
    elif target == "*" and method == "OPTIONS":
        path, query = "*", ""
    else:
        raise ProtocolError(400, "The request target must be a path, an absolute http or https URI, or * with OPTIONS.")
    return (unquote_to_bytes(path).decode("latin-1") if "%" in path else path), query, authority


def _check_host(fields: dict[str, str], version: str) -> None:
    host = fields.get("HTTP_HOST")
    if host is None:
        if version == "HTTP/1.1":
            raise ProtocolError(400, "A request with HTTP/1.1 must have a Host header field.")
    elif not _AUTHORITY.fullmatch(host):
        raise ProtocolError(400, "The Host header field must be a name or an address, optionally with a port.")


def _body_length(fields: dict[str, str], version: str) -> int:
    coding, length = fields.get("HTTP_TRANSFER_ENCODING"), fields.get("CONTENT_LENGTH")
    if coding is not None:
        _check_coding(coding.lower(), length, version)
        return UNKNOWN_LENGTH
    if length is None:
        return 0
    if not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise ProtocolError(400, "Content-Length must be one decimal number of at most 18 digits.")
    return int(length)


def _check_coding(coding: str, length: str | None, version: str) -> None:
    if length is not None:
        raise ProtocolError(400, "Content-Length and Transfer-Encoding must not be sent together.")
    if version == "HTTP/1.0":
        raise ProtocolError(400, "A request with HTTP/1.0 must not have Transfer-Encoding.")
    codings = [part.strip() for part in coding.split(",")]
    if codings.count("chunked") > 1 or "" in codings:
        raise ProtocolError(400, "Transfer-Encoding must name chunked exactly once.")
    if codings != ["chunked"]:
        raise ProtocolError(501, "The only supported transfer coding is chunked.")


def _is_keep_alive(fields: dict[str, str], version: str) -> bool:
    value = fields.get("HTTP_CONNECTION")
    if value is None:
        return version == "HTTP/1.1"
    options = [option.strip() for option in value.lower().split(",")]
    return "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)


def _expects_continue(fields: dict[str, str], version: str) -> bool:
    value = fields.get("HTTP_EXPECT")
    if value is None or version == "HTTP/1.0":
        return False
    if value.lower() != "100-continue":
        raise ProtocolError(417, "The only supported expectation is 100-continue.")
    return True
