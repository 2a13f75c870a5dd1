"""Parsing the header fields of a request: sizes, expectations and connections, without a socket."""

from __future__ import annotations

import pytest

from mockserver.http import parser
from mockserver.http.parser import MAX_FIELD_OCTETS, MAX_FIELDS, MAX_LINE, UNKNOWN_LENGTH, ProtocolError, parse_head


def request_head(*fields: str, line: str = "GET / HTTP/1.1", host: str | None = "Host: a") -> bytes:
    return "\r\n".join([line, *([host] if host else []), *fields]).encode("latin-1")


@pytest.fixture(autouse=True)
def _clear_parser_caches() -> None:
    """Clears the caches of the parser before each test."""
    for cached in (parser._cached_line, parser._cached_header_section, parser._environ_key, parser._header_name):
        cached.cache_clear()


def refusal_status(data: bytes) -> int:
    with pytest.raises(ProtocolError) as refusal:
        parse_head(data)
    return refusal.value.status


@pytest.mark.parametrize("value", ["100-continue", "100-Continue", "100-CONTINUE"])
def test_the_case_of_an_expectation_does_not_matter(value: str) -> None:
    assert parse_head(request_head(f"Expect: {value}")).header_section.expects_continue
    assert not parse_head(request_head(f"Expect: {value}", line="GET / HTTP/1.0")).header_section.expects_continue
    assert refusal_status(request_head(f"Expect: {value}s")) == 417


def test_without_an_expect_header_nothing_is_expected() -> None:
    assert not parse_head(request_head()).header_section.expects_continue


@pytest.mark.parametrize(
    ("value", "version", "keep_alive"),
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
def test_version_and_connection_header_decide_on_keep_alive(value: str | None, version: str, keep_alive: bool) -> None:
    fields = [] if value is None else [f"Connection: {value}"]
    assert parse_head(request_head(*fields, line=f"GET / HTTP/{version}")).header_section.keep_alive is keep_alive


def test_a_request_line_of_the_maximum_length_is_accepted_and_one_octet_more_is_refused() -> None:
    room = MAX_LINE - len("GET / HTTP/1.1")
    assert len(parse_head(request_head(line=f"GET /{'x' * room} HTTP/1.1")).line.path) == room + 1
    assert refusal_status(request_head(line=f"GET /{'x' * (room + 1)} HTTP/1.1")) == 414


def test_fields_of_the_maximum_length_are_accepted_and_one_octet_more_is_refused() -> None:
    room = MAX_FIELD_OCTETS - len("Host: a\r\nX: ")
    assert len(parse_head(request_head(f"X: {'x' * room}")).header_section.headers["x"]) == room
    assert refusal_status(request_head(f"X: {'x' * (room + 1)}")) == 431


def test_the_maximum_number_of_fields_is_accepted_and_one_more_is_refused() -> None:
    fields = [f"X-{nth}: {nth}" for nth in range(MAX_FIELDS)]
    assert len(parse_head(request_head(*fields[1:])).header_section.headers) == MAX_FIELDS
    assert refusal_status(request_head(*fields)) == 431


@pytest.mark.parametrize(("length", "expected"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_content_length_of_up_to_18_digits_is_accepted(length: str, expected: int) -> None:
    assert parse_head(request_head(f"Content-Length: {length}")).header_section.length == expected
    assert refusal_status(request_head(f"Content-Length: {'9' * 19}")) == 400


@pytest.mark.parametrize("coding", ["chunked", "Chunked", " chunked "])
def test_a_chunked_body_has_no_known_length(coding: str) -> None:
    assert parse_head(request_head(f"Transfer-Encoding: {coding}")).header_section.length == UNKNOWN_LENGTH
    assert parse_head(request_head()).header_section.length == 0


def test_repeated_fields_are_joined() -> None:
    fields = parse_head(request_head("A: 1", "Cookie: b=1", "A: 2", "C: 3", "Cookie: d=2")).header_section.headers
    assert fields == {"host": "a", "a": "1,2", "cookie": "b=1; d=2", "c": "3"}


def test_field_names_with_an_underscore_are_ignored() -> None:
    for fields in (("X-A: 1", "X_A: 2"), ("X_A: 2", "X-A: 1")):
        header_section = parse_head(request_head(*fields)).header_section
        assert header_section.headers == {"host": "a", "x-a": "1"}
        assert header_section.fields == {"HTTP_HOST": "a", "HTTP_X_A": "1"}


def test_the_order_of_fields_does_not_matter() -> None:
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
def test_a_request_target_is_split_into_path_query_and_authority(target: str, path: str, query: str, host: str) -> None:
    request = parse_head(request_head(line=f"GET {target} HTTP/1.1"))
    assert (request.line.path, request.line.query, request.header_section.headers["host"]) == (path, query, host)


def test_without_a_host_only_http_1_0_is_accepted() -> None:
    assert parse_head(request_head(line="GET / HTTP/1.0", host=None)).header_section.headers == {}
    assert refusal_status(request_head(host=None)) == 400
    assert refusal_status(request_head(host=None, line="GET http://b/ HTTP/1.1")) == 400


def test_a_refusal_is_a_response_with_its_rule_as_the_body() -> None:
    refusal = parser.ProtocolError(417, "Not this.")
    assert str(refusal) == "Not this."
    data = refusal.to_bytes()
    assert data.startswith(b"HTTP/1.1 417 Expectation Failed\r\n")
    assert data.endswith(b"Content-Length: 10\r\nConnection: close\r\n\r\nNot this.\n")


def test_the_limits_are_the_documented_ones() -> None:
    assert (MAX_LINE, MAX_FIELD_OCTETS, MAX_FIELDS) == (8_192, 16_384, 100)
    assert refusal_status(request_head(*["X: y"] * 100)) == 431


def test_heads_up_to_a_length_are_cached_in_bounded_caches() -> None:
    for cached in (parser._cached_line, parser._cached_header_section):
        assert cached.cache_parameters()["maxsize"] == parser.CACHE_SIZE
    for size, is_cached in ((parser.MAX_CACHED_LENGTH, True), (parser.MAX_CACHED_LENGTH + 1, False)):
        long = request_head(f"X: {'x' * (size - len(request_head('X: ')))}")
        assert len(long) == size
        assert (parse_head(long).header_section is parse_head(long).header_section) is is_cached


@pytest.mark.parametrize("field", ["X A: 1", " X: 1", "X : 1", "X(A): 1", ": 1", "X-\xe9: 1", "X", ""])
def test_a_field_is_a_token_and_a_colon(field: str) -> None:
    assert refusal_status(request_head(field)) == 400


def test_fields_are_returned_under_wsgi_names_and_lower_case_names() -> None:
    header_section = parse_head(
        request_head("Content-Type: a/b", "Content-Length: 3", "X-Content-Type: c")
    ).header_section
    assert header_section.headers == {"host": "a", "content-type": "a/b", "content-length": "3", "x-content-type": "c"}
    assert header_section.fields == {
        "HTTP_HOST": "a",
        "CONTENT_TYPE": "a/b",
        "CONTENT_LENGTH": "3",
        "HTTP_X_CONTENT_TYPE": "c",
    }


def test_headers_from_an_environ_omit_empty_content_headers() -> None:
    environ = {"CONTENT_TYPE": "", "CONTENT_LENGTH": "", "HTTP_A": "", "HTTP_X_B": "c", "PATH_INFO": "/", "wsgi": 1}
    assert parser.headers_from_environ(environ) == {"a": "", "x-b": "c"}
    assert parser.headers_from_environ({"CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "0"}) == {
        "content-type": "a/b",
        "content-length": "0",
    }


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Content-Type"])
def test_fields_that_may_occur_once_are_refused_when_repeated(name: str) -> None:
    host = None if name == "Host" else "Host: a"
    assert refusal_status(request_head(f"{name}: 1", f"{name}: 1", host=host)) == 400
    parse_head(request_head(f"{name}: 1", host=host))


def test_an_asterisk_is_a_valid_target_only_for_options() -> None:
    line = parse_head(request_head(line="OPTIONS * HTTP/1.1")).line
    assert (line.path, line.query, line.authority) == ("*", "", None)
    assert refusal_status(request_head(line="GET * HTTP/1.1")) == 400
    assert refusal_status(request_head(line="OPTIONS x HTTP/1.1")) == 400
    assert parse_head(request_head(line="OPTIONS /a HTTP/1.1")).line.path == "/a"


@pytest.mark.parametrize("target", ["a", "a/b", "ftp://b/", "http:///a", "?a", "**", "http//b"])
def test_another_target_is_refused(target: str) -> None:
    assert refusal_status(request_head(line=f"GET {target} HTTP/1.1")) == 400


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /", 400),
        ("GET / HTTP/1.1 ", 400),
        ("GET  / HTTP/1.1", 400),
        ("", 400),
        ("G(T / HTTP/1.1", 400),
        (" / HTTP/1.1", 400),
        ("GET  HTTP/1.1", 400),
        ("GET / HTTP/1.2", 505),
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/11", 400),
        ("GET / http/1.1", 400),
    ],
)
def test_a_malformed_request_line_or_unknown_version_is_refused(line: str, status: int) -> None:
    assert refusal_status(request_head(line=line)) == status


@pytest.mark.parametrize(
    ("coding", "version", "length", "status"),
    [
        ("chunked, chunked", "1.1", None, 400),
        ("chunked,", "1.1", None, 400),
        (",chunked", "1.1", None, 400),
        ("", "1.1", None, 400),
        ("chunked,gzip,chunked", "1.1", None, 400),
        ("gzip, chunked", "1.1", None, 501),
        ("gzip", "1.1", None, 501),
        ("identity", "1.1", None, 501),
        ("chunked", "1.0", None, 400),
        ("chunked", "1.1", "5", 400),
        ("gzip", "1.1", "5", 400),
        ("gzip", "1.0", None, 400),
    ],
)
def test_only_chunked_is_accepted_as_transfer_encoding_and_not_with_a_length(
    coding: str, version: str, length: str | None, status: int
) -> None:
    fields = [] if length is None else [f"Content-Length: {length}"]
    assert refusal_status(request_head(f"Transfer-Encoding: {coding}", *fields, line=f"GET / HTTP/{version}")) == status


@pytest.mark.parametrize("length", ["", "-1", "+5", "5, 5", "0x5", "1_0", "\xb2", "5 5"])
def test_a_content_length_that_is_not_a_decimal_number_is_refused(length: str) -> None:
    assert refusal_status(request_head(f"Content-Length: {length}")) == 400


def test_without_a_content_length_the_length_is_zero() -> None:
    length = parse_head(request_head("X: y")).header_section.length
    assert (length, type(length)) == (0, int)


@pytest.mark.parametrize("host", ["a/b", "a b", "a@b", "a?", "\xe4"])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert refusal_status(request_head(host=f"Host: {host}")) == 400
    for good in ("", "a:80", "[::1]:80", "A.b-c"):
        assert parse_head(request_head(host=f"Host: {good}")).header_section.headers == {"host": good}


@pytest.mark.parametrize("broken", ["X: \x00", "X: \r", "X: a\nB:c", "X: \x7f", "X:\r\n\n", "X: \x1f"])
def test_control_characters_except_tab_are_refused(broken: str) -> None:
    assert refusal_status(request_head(broken)) == 400
    for version in ("1.1", "1.2"):
        assert refusal_status(request_head(line=f"GET /{broken[3:]} HTTP/{version}")) == 400
    assert parse_head(request_head("X: \ta\tb\t")).header_section.headers["x"] == "a\tb"
