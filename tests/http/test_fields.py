"""What the header fields of a request say: sizes, expectations and connections, without a socket."""

from __future__ import annotations

import pytest

from mockserver.http import parser
from mockserver.http.parser import MAX_FIELD_OCTETS, MAX_FIELDS, MAX_LINE, UNKNOWN_LENGTH, ProtocolError, parse_head


def request_head(*fields: str, line: str = "GET / HTTP/1.1", host: str | None = "Host: a") -> bytes:
    return "\r\n".join([line, *([host] if host else []), *fields]).encode("latin-1")


def refusal_status(data: bytes) -> int:
    with pytest.raises(ProtocolError) as refusal:
        parse_head(data)
    return refusal.value.status


@pytest.mark.parametrize("value", ["100-continue", "100-Continue", "100-CONTINUE"])
def test_an_expectation_is_the_same_in_another_case(value: str) -> None:
    assert parse_head(request_head(f"Expect: {value}")).header_section.expects_continue
    assert not parse_head(request_head(f"Expect: {value}", line="GET / HTTP/1.0")).header_section.expects_continue
    assert refusal_status(request_head(f"Expect: {value}s")) == 417


def test_without_an_expectation_nothing_is_expected() -> None:
    assert not parse_head(request_head()).header_section.expects_continue


@pytest.mark.parametrize(
    ("value", "version", "kept"),
    [
        (None, "1.1", True),
        (None, "1.0", False),
        ("close", "1.1", False),
        ("Close", "1.1", False),
        ("keep-alive", "1.0", True),
        ("Keep-Alive", "1.0", True),
        ("keep-alive, close", "1.1", False),
        ("keep-alive, close", "1.0", False),
        ("upgrade", "1.1", True),
        ("upgrade", "1.0", False),
        ("upgrade, keep-alive", "1.0", True),
    ],
)
def test_a_connection_is_kept_as_its_version_and_its_options_say(value: str | None, version: str, kept: bool) -> None:
    fields = [] if value is None else [f"Connection: {value}"]
    assert parse_head(request_head(*fields, line=f"GET / HTTP/{version}")).header_section.keep_alive is kept


def test_a_request_line_of_exactly_the_limit_is_read_and_one_octet_more_is_refused() -> None:
    room = MAX_LINE - len("GET / HTTP/1.1")
    assert len(parse_head(request_head(line=f"GET /{'x' * room} HTTP/1.1")).line.path) == room + 1
    assert refusal_status(request_head(line=f"GET /{'x' * (room + 1)} HTTP/1.1")) == 414


def test_fields_of_exactly_the_limit_are_read_and_one_octet_more_is_refused() -> None:
    room = MAX_FIELD_OCTETS - len("Host: a\r\nX: ")
    assert len(parse_head(request_head(f"X: {'x' * room}")).header_section.headers["x"]) == room
    assert refusal_status(request_head(f"X: {'x' * (room + 1)}")) == 431


def test_exactly_so_many_fields_are_read_and_one_more_is_refused() -> None:
    fields = [f"X-{nth}: {nth}" for nth in range(MAX_FIELDS)]
    assert len(parse_head(request_head(*fields[1:])).header_section.headers) == MAX_FIELDS
    assert refusal_status(request_head(*fields)) == 431


@pytest.mark.parametrize(("length", "read"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_length_of_up_to_18_digits_is_read(length: str, read: int) -> None:
    assert parse_head(request_head(f"Content-Length: {length}")).header_section.length == read
    assert refusal_status(request_head(f"Content-Length: {'9' * 19}")) == 400


@pytest.mark.parametrize("coding", ["chunked", "Chunked", " chunked "])
def test_a_body_in_chunks_has_no_length(coding: str) -> None:
    assert parse_head(request_head(f"Transfer-Encoding: {coding}")).header_section.length == UNKNOWN_LENGTH
    assert parse_head(request_head()).header_section.length == 0


def test_a_field_that_is_repeated_is_joined_and_the_others_stay_as_they_are() -> None:
    fields = parse_head(request_head("A: 1", "Cookie: b=1", "A: 2", "C: 3", "Cookie: d=2")).header_section.headers
    assert fields == {"host": "a", "a": "1,2", "cookie": "b=1; d=2", "c": "3"}


def test_a_name_with_an_underscore_is_left_out_and_the_one_with_a_hyphen_is_not() -> None:
    for fields in (("X-A: 1", "X_A: 2"), ("X_A: 2", "X-A: 1")):
        assert parse_head(request_head(*fields)).header_section.headers == {"host": "a", "x-a": "1"}


def test_fields_come_in_any_order() -> None:
    one, other = ("Content-Type: a/b", "Content-Length: 3", "X: y"), ("X: y", "Content-Length: 3", "Content-Type: a/b")
    assert parse_head(request_head(*one)).header_section == parse_head(request_head(*other)).header_section


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        ("/a?b?c", "/a", "b?c", "a"),
        ("/a%20b?c=%20", "/a b", "c=%20", "a"),
        ("http://B:1", "/", "", "B:1"),
        ("HTTPS://b/c?d", "/c", "d", "b"),
        ("http://b?d", "/", "d", "b"),
    ],
)
def test_a_target_is_read_as_path_query_and_authority(target: str, path: str, query: str, host: str) -> None:
    request = parse_head(request_head(line=f"GET {target} HTTP/1.1"))
    assert (request.line.path, request.line.query, request.header_section.headers["host"]) == (path, query, host)


def test_without_a_host_only_the_older_version_is_read() -> None:
    assert parse_head(request_head(line="GET / HTTP/1.0", host=None)).header_section.headers == {}
    assert refusal_status(request_head(host=None)) == 400
    assert refusal_status(request_head(host=None, line="GET http://b/ HTTP/1.1")) == 400


def test_a_refusal_says_how_long_its_rule_is() -> None:
    data = parser.ProtocolError(417, "Not this.").to_bytes()
    assert data.startswith(b"HTTP/1.1 417 Expectation Failed\r\n")
    assert data.endswith(b"Content-Length: 10\r\nConnection: close\r\n\r\nNot this.\n")
