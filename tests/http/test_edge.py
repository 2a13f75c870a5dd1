"""The edge: an HTTP request becomes a call, and a reply becomes bytes."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import LATEST_INSTANT, Call, Clock, Credential, Reply, Settings
from mockserver.http import edge
from tests.support.acme import ACME
from tests.support.harness import NOON, TOKEN, Harness, make_harness, read_call

LIMIT = 1000
HARNESS = make_harness(scenarios={})


class BrokenStream(BytesIO):
    """A request body whose connection is reset."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


def make_environ(**overrides: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/smartepi/v1/sectors",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
        **overrides,
    }


def read_call_from(**overrides: Any) -> Call:
    return read_call(HARNESS.engine, "smartepi", make_environ(**overrides))


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/smartepi/v1/sectors", "/smartepi/v1/sectors"),
        ("/smartepi/v1/sectors?limit=1", "/smartepi/v1/sectors"),
        ("/a?b?c", "/a"),
        ("/%2e%2e/%C3%A9;x=1", "/%2e%2e/%C3%A9;x=1"),
        ("//double", "//double"),
        ("http://localhost:8080/smartepi/v1/sectors?limit=1", "/smartepi/v1/sectors"),
        ("http://localhost", "/"),
        ("http://localhost?x=/y", "/"),
        ("HTTPS://[::1]:80/a", "/a"),
        ("http://[/a", "/a"),
        ("http://user:pass@host/a", "/a"),
        ("/http://x/y", "/http://x/y"),
    ],
)
def test_the_path_is_that_of_the_request_target(target: str, path: str) -> None:
    assert read_call_from(RAW_URI=target).path == path
    assert read_call_from(REQUEST_URI=target).path == path


def test_without_a_request_target_the_path_is_the_decoded_one() -> None:
    assert read_call_from(PATH_INFO="/smartepi/v1/a b").path == "/smartepi/v1/a b"


@given(target=st.text(st.characters(codec="latin-1"), min_size=1, max_size=50))
@settings(max_examples=200, derandomize=True)
def test_no_request_target_causes_a_server_error(target: str) -> None:
    assert "?" not in read_call_from(RAW_URI=target).path


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a=&b", [("a", ""), ("b", "")]),
        ("a=%C3%A9+x%2By", [("a", "\xe9 x+y")]),
        ("a=%ff%zz", [("a", "\ufffd%zz")]),
        ("a;b=1", [("a;b", "1")]),
        ("&&a=1&&", [("a", "1")]),
        ("a=b=c", [("a", "b=c")]),
    ],
)
def test_the_query_is_decoded(query: str, expected: list[tuple[str, str]]) -> None:
    assert read_call_from(QUERY_STRING=query).query == expected


def test_header_names_are_in_lower_case() -> None:
    call = read_call_from(HTTP_X_TEST="T", HTTP_AUTHORIZATION="Bearer x", CONTENT_TYPE="text/plain", CONTENT_LENGTH="")
    assert call.headers == {"x-test": "T", "authorization": "Bearer x", "content-type": "text/plain"}


def test_address_and_origin_are_those_of_the_connection() -> None:
    call = read_call_from(REMOTE_ADDR="192.0.2.7", HTTP_HOST="api.test:81", **{"wsgi.url_scheme": "https"})
    assert (call.address, call.origin) == ("192.0.2.7", "https://api.test:81")


def body_environ(data: bytes, chunked: bool) -> dict[str, Any]:
    if chunked:
        return {"wsgi.input": BytesIO(data), "wsgi.input_terminated": True}
    return {"wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
def test_a_body_up_to_the_limit_is_read_whole(chunked: bool, size: int) -> None:
    assert edge.read_body(body_environ(b"x" * size, chunked), LIMIT) == (b"x" * size, False)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 100])
def test_a_body_beyond_the_limit_is_discarded(chunked: bool, size: int) -> None:
    assert edge.read_body(body_environ(b"x" * size, chunked), LIMIT) == (b"", True)


def test_of_a_body_beyond_the_limit_one_byte_more_than_the_limit_is_read() -> None:
    stream = BytesIO(b"x" * LIMIT * 100)
    edge.read_body({"wsgi.input": stream, "wsgi.input_terminated": True}, LIMIT)
    assert stream.tell() == LIMIT + 1
    edge.read_body({"wsgi.input": stream, "CONTENT_LENGTH": str(LIMIT * 100)}, LIMIT)
    assert stream.tell() == LIMIT + 1


@pytest.mark.parametrize("length", [None, "", "-5", "+5", "5x", "0x5", "\xb2", "\u0665", "5.0"])
def test_without_a_valid_length_the_body_is_empty(length: str | None) -> None:
    assert edge.read_body({"wsgi.input": BytesIO(b"hello"), "CONTENT_LENGTH": length}, LIMIT) == (b"", False)


def test_not_more_than_the_content_length_is_read() -> None:
    stream = BytesIO(b"helloGET / HTTP/1.1")
    assert edge.read_body({"wsgi.input": stream, "CONTENT_LENGTH": "5"}, LIMIT) == (b"hello", False)


BROKEN = [
    {"wsgi.input": BrokenStream(), "CONTENT_LENGTH": "5"},
    {"wsgi.input": BrokenStream(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    {"wsgi.input": BytesIO(b'{"name"'), "CONTENT_LENGTH": "70"},
]


@pytest.mark.parametrize("environ", BROKEN, ids=["by length", "in chunks", "ended early"])
def test_a_broken_upload_gets_a_400_and_no_operation_is_performed(harness: Harness, environ: dict[str, Any]) -> None:
    response = harness.request("POST", "/v1/sectors", environ_overrides=environ)
    assert (response.status_code, response.data, response.headers["Connection"]) == (400, b"", "close")
    assert harness.sandbox.journal.entries() == []
    assert len(harness.request("GET", "/v1/sectors").json["data"]) == 4


def test_a_broken_upload_to_the_admin_api_is_refused(harness: Harness) -> None:
    overrides = {"wsgi.input": BrokenStream(), "CONTENT_LENGTH": "5"}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    response = harness.app.test_client().post("/__admin/sandboxes", headers=headers, environ_overrides=overrides)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("instant", "date"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (NOON, "Sun, 01 Mar 2026 12:00:00 GMT"),
        (NOON + 999_999, "Sun, 01 Mar 2026 12:00:00 GMT"),
        (LATEST_INSTANT, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ],
)
def test_the_date_is_that_of_the_sandboxs_clock(harness: Harness, instant: int, date: str) -> None:
    harness.sandbox.set_clock(Clock(frozen_at=instant))
    for path in ("/v1/sectors", "/v1/nothing"):
        response = harness.request("GET", path)
        assert response.headers.getlist("Date") == [date]
    assert harness.request("GET", "/v1/sectors", key=None).headers["Date"] == date


def test_a_response_has_one_content_length(harness: Harness) -> None:
    response = harness.request("GET", "/v1/sectors")
    assert response.headers.getlist("Content-Length") == [str(len(response.data))]
    assert len(response.headers.getlist("Content-Type")) == 1


VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=50).map(str.strip)


def write_reply(reply: Reply, **overrides: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """Returns status line, headers and body of a response."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    body = edge.send_reply(reply, make_environ(**overrides), NOON, lambda *head: heads.append(head))
    (head,) = heads
    return *head, b"".join(body)


@given(values=st.lists(VALUES, max_size=4))
@settings(max_examples=100, derandomize=True)
def test_headers_are_sent_unchanged_in_order_and_with_repetitions(values: list[str]) -> None:
    reply = Reply(200, [("X-Many", value) for value in values], b"body")
    status, headers, body = write_reply(reply)
    assert status == "200 OK"
    assert [value for name, value in headers if name == "X-Many"] == values
    assert body == b"body"


@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (429, "429 Too Many Requests"), (299, "299 Unknown")])
def test_the_status_line_has_the_standard_reason_phrase(status: int, line: str) -> None:
    assert write_reply(Reply(status))[0] == line


@pytest.mark.parametrize(("status", "names"), [(204, ["Content-Type", "ETag", "Date"]), (304, ["ETag", "Date"])])
def test_a_response_without_a_body_has_no_headers_about_it(status: int, names: list[str]) -> None:
    _, headers, body = write_reply(Reply(status, [("Content-Type", "text/plain"), ("ETag", '"1"')], b"not sent"))
    assert ([name for name, _ in headers], body) == (names, b"")


def test_a_response_to_head_has_the_length_of_the_body() -> None:
    _, headers, body = write_reply(Reply(200, [], b"body"), REQUEST_METHOD="HEAD")
    assert (dict(headers)["Content-Length"], body) == ("4", b"")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_one_byte_over_the_limit_is_refused_and_stores_nothing(harness: Harness, chunked: bool) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"body_limit": 100}})
    for size, status in ((100, 201), (101, 413)):
        body = b'{"name": "%d"}' % size
        data = body + b" " * (size - len(body))
        overrides = {"wsgi.input": BytesIO(data), "wsgi.input_terminated": chunked}
        overrides["CONTENT_LENGTH"] = "" if chunked else str(size)
        response = harness.request("POST", "/v1/sectors", environ_overrides=overrides)
        assert response.status_code == status, response.text
    assert len(harness.request("GET", "/v1/sectors").json["data"]) == 5


def read_test_credential(data: bytes, content_type: str) -> Credential:
    return Credential(data.decode().partition("key ")[2] or None, shown=content_type == "text/key")


def read_call_with_body(harness: Harness, data: bytes, **overrides: Any) -> Call:
    return read_call(
        harness.engine, "acme", make_environ(CONTENT_TYPE="text/key", **body_environ(data, chunked=True), **overrides)
    )


def test_a_key_in_the_body_selects_the_sandbox_if_no_header_has_one() -> None:
    harness = make_harness(replace(ACME, read_body_credential=read_test_credential), scenarios={})
    other = harness.engine.create("acme", "other")
    secret = next(iter(other.keys))
    by_body = read_call_with_body(harness, f"key {secret}".encode())
    assert (by_body.sandbox, by_body.credential, by_body.data) == (
        other,
        Credential(secret, shown=True),
        f"key {secret}".encode(),
    )
    by_header = read_call_with_body(harness, f"key {secret}".encode(), HTTP_AUTHORIZATION=f"Bearer {harness.key()}")
    assert (by_header.sandbox, by_header.credential.secret) == (harness.sandbox, harness.key())
    assert read_call_with_body(harness, b"nothing").sandbox is harness.sandbox


def test_a_body_with_a_key_has_the_limit_of_the_sandbox_of_that_key() -> None:
    harness = make_harness(replace(ACME, read_body_credential=read_test_credential), scenarios={})
    other = harness.engine.create("acme", "other", Settings(assumptions={"body_limit": LIMIT}))
    harness.sandbox.configure({"assumptions": {"body_limit": 10}})
    short = f"key {next(iter(other.keys))}".encode()
    assert not read_call_with_body(harness, short).too_large
    long = read_call_with_body(harness, short.rjust(LIMIT + 1))
    assert (long.too_large, long.data) == (True, b"")
    without_key = read_call_with_body(harness, b"too long for the first one")
    assert (without_key.sandbox, without_key.too_large, without_key.data) == (harness.sandbox, True, b"")
