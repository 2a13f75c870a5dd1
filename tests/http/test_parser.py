"""The HTTP/1.1 parser of the shipped command, tested over raw sockets."""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.support.server_process import start_server

COMMAND = ("serve", "smartepi", "--port", "0", "--memory")
HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /health HTTP/1.1\r\n" + HOST
POST = b"POST /framing HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n\r\n"
END = b"\r\n"
BAD = range(400, 401)
REFUSED = range(400, 500)
FINE = range(200, 201)
TIMEOUT_SECONDS = 60.0


class Case(NamedTuple):
    sentence: str
    sent: bytes
    allowed: range | tuple[int, ...]


CASES = (
    # length of the body
    Case(
        "content-length with transfer-encoding is refused and nothing after it is processed",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + END,
        BAD,
    ),
    Case("transfer-encoding twice", POST + b"Transfer-Encoding: chunked\r\n" * 2 + END + b"0\r\n\r\n", BAD),
    Case("transfer-encoding chunked, chunked", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", BAD),
    Case("transfer-encoding without a value", POST + b"Transfer-Encoding:\r\n\r\n", BAD),
    Case("transfer-encoding xchunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    Case("transfer-encoding gzip, chunked", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    Case("transfer-encoding identity", POST + b"Transfer-Encoding: identity\r\n\r\n", (400, 501)),
    Case("transfer-encoding in HTTP/1.0", CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n", BAD),
    Case("two different content-lengths", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", BAD),
    Case("content-length -1", POST + b"Content-Length: -1\r\n\r\n", BAD),
    Case("content-length +5", POST + b"Content-Length: +5\r\n\r\nhello", BAD),
    Case("content-length 5, 5", POST + b"Content-Length: 5, 5\r\n\r\nhello", BAD),
    Case("content-length 0x5", POST + b"Content-Length: 0x5\r\n\r\nhello", BAD),
    Case("content-length 1_0", POST + b"Content-Length: 1_0\r\n\r\n", BAD),
    Case("content-length in digits that are not ASCII", POST + b"Content-Length: \xb2\r\n\r\nab", BAD),
    Case("content-length without a value", POST + b"Content-Length:\r\n\r\n", BAD),
    Case("content-length of thirty digits", POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", BAD),
    # chunks
    Case("chunk size 0x5", CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", REFUSED),
    Case("chunk size -5", CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", REFUSED),
    Case("chunk without a size", CHUNKED + b"\r\nhello\r\n0\r\n\r\n", REFUSED),
    Case("chunk without its CRLF", CHUNKED + b"5\r\nhello0\r\n\r\n", REFUSED),
    Case("chunk size that ends in a bare LF", CHUNKED + b"5\nhello\r\n0\r\n\r\n", REFUSED),
    Case("chunk of 2**64 octets", CHUNKED + b"10000000000000000\r\nhello\r\n0\r\n\r\n", REFUSED),
    Case("chunk extension that never ends", CHUNKED + b"5;" + b"a" * 9000, REFUSED),
    Case("trailer without a colon", CHUNKED + b"0\r\nnonsense\r\n\r\n", REFUSED),
    # header fields
    Case("two host headers", GET + HOST + END, BAD),
    Case("no host in HTTP/1.1", b"GET /health HTTP/1.1\r\n\r\n", BAD),
    Case("host with a slash", b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD),
    Case("space before the colon", b"GET /health HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", BAD),
    Case("folded header", GET + b"X-A: 1\r\n  2\r\n\r\n", BAD),
    Case("NUL in a header", GET + b"X-A: 1\x002\r\n\r\n", BAD),
    Case("bare CR in a header", GET + b"X-A: 1\r2\r\n\r\n", BAD),
    Case("bare LF after a header", GET + b"X-A: 1\nX-B: 2\r\n\r\n", BAD),
    Case("bare LF everywhere", GET.replace(b"\r\n", b"\n") + b"\n", BAD),
    Case("header without a colon", GET + b"nonsense\r\n\r\n", BAD),
    Case("header without a name", GET + b": 1\r\n\r\n", BAD),
    Case("parenthesis in a header's name", GET + b"X(A): 1\r\n\r\n", BAD),
    Case("letter that is not ASCII in a header's name", GET + b"X-\xe9: 1\r\n\r\n", BAD),
    # the request line
    Case("HTTP/0.9", b"GET /health\r\n", (400, 505)),
    Case("HTTP/1.2", GET.replace(b"1.1", b"1.2") + END, (400, 505)),
    Case("HTTP/3.0", GET.replace(b"1.1", b"3.0") + END, (400, 505)),
    Case("http/1.1 in small letters", GET.replace(b"HTTP", b"http") + END, BAD),
    Case("two spaces in the request line", GET.replace(b" /", b"  /") + END, BAD),
    Case("space in the target", GET.replace(b"health", b"he alth") + END, BAD),
    Case("tab in the target", GET.replace(b"health", b"he\talth") + END, BAD),
    Case("control character in the target", GET.replace(b"health", b"he\x01alth") + END, BAD),
    Case("method that is no token", GET.replace(b"GET", b"G(T") + END, BAD),
    Case("target without a slash", GET.replace(b"/health", b"health") + END, BAD),
    Case("asterisk with GET", GET.replace(b"/health", b"*") + END, BAD),
    Case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    Case("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40), BAD),
    # sizes and expectations
    Case("request line of 9 KiB", GET.replace(b"health", b"h" * 9216) + END, (414,)),
    Case("request line of 9 KiB that never ends", b"GET /" + b"h" * 9216, (414,)),
    Case("header of 20 KiB", GET + b"X-A: " + b"a" * 20480 + END * 2, (431,)),
    Case("header of 20 KiB that never ends", GET + b"X-A: " + b"a" * 20480, (431,)),
    Case("200 headers", GET + b"X-A: 1\r\n" * 200 + END, (431,)),
    Case("other expectation than 100-continue", GET + b"Expect: 200-ok\r\n\r\n", (417,)),
    # unusual but valid
    Case("absolute target", GET.replace(b" /", b" http://127.0.0.1/") + CLOSE, FINE),
    Case("asterisk with OPTIONS is an ordinary request", b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE, range(200, 500)),
    Case("empty line before the request", END + GET + CLOSE, FINE),
    Case("HTTP/1.0 without a host", b"GET /health HTTP/1.0\r\n\r\n", FINE),
    Case("HEAD with a body", GET.replace(b"GET", b"HEAD") + b"Content-Length: 5\r\n" + CLOSE + b"hello", FINE),
    Case("GET with a chunked body", GET + b"Transfer-Encoding: chunked\r\n" + CLOSE + b"5\r\nhello\r\n0\r\n\r\n", FINE),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_server(*COMMAND) as (_, base):
        yield base


@pytest.fixture(scope="module")
def short_timeout_url() -> Iterator[str]:
    with start_server(*COMMAND, TESTMODE_HEAD_SECONDS="1") as (_, base):
        yield base


def dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60)


def read_to_end(connection: socket.socket) -> bytes:
    """Returns all bytes until the server closes; raises TimeoutError if it neither responds nor closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def exchange(url: str, sent: bytes) -> bytes:
    with dial(url) as connection:
        connection.sendall(sent)
        return read_to_end(connection)


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def assert_still_serving(url: str) -> None:
    assert status_of(exchange(url, GET + CLOSE)) == 200


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_a_request_gets_an_allowed_status_and_the_next_one_is_served(url: str, case: Case) -> None:
    response = exchange(url, case.sent)
    assert status_of(response) in case.allowed
    assert len(re.findall(rb"HTTP/1\.1 [0-9]{3} ", response)) == 1
    assert_still_serving(url)


@pytest.mark.parametrize("case", [case for case in CASES if case.allowed is BAD], ids=lambda case: case.sentence)
def test_a_refusal_has_one_sentence_and_closes_the_connection(url: str, case: Case) -> None:
    head, _, body = exchange(url, case.sent).partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: text/plain; charset=utf-8" in head
    assert b"\r\nConnection: close" in head
    assert f"\r\nContent-Length: {len(body)}".encode() in head
    assert body.endswith(b".\n")
    assert body.count(b"\n") == 1


def test_a_hundred_pipelined_requests_are_answered_in_order(url: str) -> None:
    targets = [b"/health", b"/nowhere-at-all"] * 50
    requests = [GET.replace(b"/health", target) + END for target in targets]
    responses = exchange(url, b"".join(requests[:-1]) + requests[-1][:-2] + CLOSE).split(b"HTTP/1.1 ")[1:]
    assert [response.startswith(b"200 ") for response in responses] == [True, False] * 50


def test_a_client_that_sends_single_bytes_slowly_is_disconnected(short_timeout_url: str) -> None:
    sent, before = 0, time.monotonic()
    with dial(short_timeout_url) as connection:
        # Endless unless the server cuts it off: no octet of it ends the line.
        while not select.select([connection], [], [], 0.2)[0]:
            assert time.monotonic() - before < TIMEOUT_SECONDS
            with suppress(OSError):
                connection.sendall(b"GET /health HT"[sent : sent + 1] or b"T")
            sent += 1
        response = read_to_end(connection)
    assert response == b"" or status_of(response) == 408
    assert_still_serving(short_timeout_url)


def test_a_client_that_stops_within_the_head_gets_a_408(short_timeout_url: str) -> None:
    assert status_of(exchange(short_timeout_url, GET)) == 408
    assert_still_serving(short_timeout_url)


def test_a_client_that_sends_nothing_is_closed_without_a_response(short_timeout_url: str) -> None:
    assert exchange(short_timeout_url, b"") == b""
    assert_still_serving(short_timeout_url)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /hea", GET, POST + b"Content-Length: 50\r\n\r\nhello", CHUNKED + b"5\r\nhe", GET + END],
    ids=["at once", "in the request line", "in the head", "in the body", "in a chunk", "before the reply"],
)
def test_disconnecting_client_does_not_affect_the_server(url: str, sent: bytes) -> None:
    with dial(url) as connection:
        connection.sendall(sent)
    assert_still_serving(url)


def test_expect_100_continue_gets_a_100_or_a_final_response(url: str) -> None:
    with dial(url) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n" + CLOSE)
        response = connection.recv(65536)
        if status_of(response) == 100:
            connection.sendall(b"{}")
            response = response.partition(b"\r\n\r\n")[2] + read_to_end(connection)
    assert 200 <= status_of(response) < 500
    assert_still_serving(url)
