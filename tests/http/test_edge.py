"""Where HTTP becomes a call, and a reply becomes bytes."""

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
    """An upload that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        raise ConnectionResetError


def make_environ(**given: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/smartepi/v1/sectors",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
        **given,
    }


def read_call_from(**given: Any) -> Call:
    return read_call(HARNESS.engine, "smartepi", make_environ(**given))


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
def test_the_path_is_the_one_that_was_sent(target: str, path: str) -> None:
    assert read_call_from(RAW_URI=target).path == path
    assert read_call_from(REQUEST_URI=target).path == path


def test_without_the_target_the_path_is_the_one_the_server_decoded() -> None:
    assert read_call_from(PATH_INFO="/smartepi/v1/a b").path == "/smartepi/v1/a b"


@given(target=st.text(st.characters(codec="latin-1"), min_size=1, max_size=50))
@settings(max_examples=200, derandomize=True)
def test_no_request_target_causes_a_server_error(target: str) -> None:
    assert "?" not in read_call_from(RAW_URI=target).path


@pytest.mark.parametrize(
    ("query", "read"),
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
def test_the_query_is_read(query: str, read: list[tuple[str, str]]) -> None:
    assert read_call_from(QUERY_STRING=query).query == read


def test_headers_are_known_by_their_lower_case_names() -> None:
    read = read_call_from(HTTP_X_TEST="T", HTTP_AUTHORIZATION="Bearer x", CONTENT_TYPE="text/plain", CONTENT_LENGTH="")
    assert read.headers == {"x-test": "T", "authorization": "Bearer x", "content-type": "text/plain"}


def test_address_and_origin_are_the_connections() -> None:
    read = read_call_from(REMOTE_ADDR="192.0.2.7", HTTP_HOST="api.test:81", **{"wsgi.url_scheme": "https"})
    assert (read.address, read.origin) == ("192.0.2.7", "https://api.test:81")


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
def test_a_body_beyond_the_limit_is_not_taken_at_all(chunked: bool, size: int) -> None:
    assert edge.read_body(body_environ(b"x" * size, chunked), LIMIT) == (b"", True)


def test_of_a_body_beyond_the_limit_no_more_is_read_than_it_takes_to_know() -> None:
    stream = BytesIO(b"x" * LIMIT * 100)
    edge.read_body({"wsgi.input": stream, "wsgi.input_terminated": True}, LIMIT)
    assert stream.tell() == LIMIT + 1
    edge.read_body({"wsgi.input": stream, "CONTENT_LENGTH": str(LIMIT * 100)}, LIMIT)
    assert stream.tell() == LIMIT + 1


@pytest.mark.parametrize("length", [None, "", "-5", "+5", "5x", "0x5", "\xb2", "\u0665", "5.0"])
def test_what_is_no_length_is_no_body(length: str | None) -> None:
    assert edge.read_body({"wsgi.input": BytesIO(b"hello"), "CONTENT_LENGTH": length}, LIMIT) == (b"", False)


def test_no_more_than_the_length_is_read_of_a_connection_that_goes_on() -> None:
    stream = BytesIO(b"helloGET / HTTP/1.1")
    assert edge.read_body({"wsgi.input": stream, "CONTENT_LENGTH": "5"}, LIMIT) == (b"hello", False)


BROKEN = [
    {"wsgi.input": BrokenStream(), "CONTENT_LENGTH": "5"},
    {"wsgi.input": BrokenStream(), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    {"wsgi.input": BytesIO(b'{"name"'), "CONTENT_LENGTH": "70"},
]


@pytest.mark.parametrize("how", BROKEN, ids=["by length", "in chunks", "ended early"])
def test_a_broken_upload_is_answered_with_400_and_nobody_asked_for_anything(
    harness: Harness, how: dict[str, Any]
) -> None:
    answer = harness.request("POST", "/v1/sectors", environ_overrides=how)
    assert (answer.status_code, answer.data, answer.headers["Connection"]) == (400, b"", "close")
    assert harness.sandbox.journal.entries() == []
    assert len(harness.request("GET", "/v1/sectors").json["data"]) == 4


def test_a_broken_upload_to_the_admin_api_is_refused(harness: Harness) -> None:
    overrides = {"wsgi.input": BrokenStream(), "CONTENT_LENGTH": "5"}
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = harness.app.test_client().post("/__admin/sandboxes", headers=headers, environ_overrides=overrides)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("instant", "date"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (NOON, "Sun, 01 Mar 2026 12:00:00 GMT"),
        (NOON + 999_999, "Sun, 01 Mar 2026 12:00:00 GMT"),
        (LATEST_INSTANT, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ],
)
def test_the_date_is_the_one_of_the_sandboxs_clock(harness: Harness, instant: int, date: str) -> None:
    harness.sandbox.set_clock(Clock(frozen_at=instant))
    for path in ("/v1/sectors", "/v1/nothing"):
        answer = harness.request("GET", path)
        assert answer.headers.getlist("Date") == [date]
    assert harness.request("GET", "/v1/sectors", key=None).headers["Date"] == date


def test_an_answer_says_how_long_it_is_once(harness: Harness) -> None:
    answer = harness.request("GET", "/v1/sectors")
    assert answer.headers.getlist("Content-Length") == [str(len(answer.data))]
    assert len(answer.headers.getlist("Content-Type")) == 1


VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=50).map(str.strip)


def write_reply(reply: Reply, **given: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, headers and body of an answer."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    body = edge.send_reply(reply, make_environ(**given), NOON, lambda *head: heads.append(head))
    (head,) = heads
    return *head, b"".join(body)


@given(values=st.lists(VALUES, max_size=4))
@settings(max_examples=100, derandomize=True)
def test_headers_come_out_as_they_were_set_in_order_and_as_often(values: list[str]) -> None:
    reply = Reply(200, [("X-Many", value) for value in values], b"body")
    status, headers, body = write_reply(reply)
    assert status == "200 OK"
    assert [value for name, value in headers if name == "X-Many"] == values
    assert body == b"body"


@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (429, "429 Too Many Requests"), (299, "299 Unknown")])
def test_the_status_line_has_the_phrase_http_has_for_it(status: int, line: str) -> None:
    assert write_reply(Reply(status))[0] == line


@pytest.mark.parametrize(("status", "left"), [(204, ["Content-Type", "ETag", "Date"]), (304, ["ETag", "Date"])])
def test_an_answer_without_a_body_says_nothing_of_one(status: int, left: list[str]) -> None:
    _, headers, body = write_reply(Reply(status, [("Content-Type", "text/plain"), ("ETag", '"1"')], b"not sent"))
    assert ([name for name, _ in headers], body) == (left, b"")


def test_an_answer_to_head_says_how_long_the_body_would_be() -> None:
    _, headers, body = write_reply(Reply(200, [], b"body"), REQUEST_METHOD="HEAD")
    assert (dict(headers)["Content-Length"], body) == ("4", b"")


@pytest.mark.parametrize("chunked", [False, True])
def test_one_byte_over_the_limit_is_refused_and_nothing_is_kept(harness: Harness, chunked: bool) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"body_limit": 100}})
    for size, status in ((100, 201), (101, 413)):
        body = b'{"name": "%d"}' % size
        data = body + b" " * (size - len(body))
        overrides = {"wsgi.input": BytesIO(data), "wsgi.input_terminated": chunked}
        overrides["CONTENT_LENGTH"] = "" if chunked else str(size)
        answer = harness.request("POST", "/v1/sectors", environ_overrides=overrides)
        assert answer.status_code == status, answer.text
    assert len(harness.request("GET", "/v1/sectors").json["data"]) == 5


def noted_credential(data: bytes, content_type: str) -> Credential:
    return Credential(data.decode().partition("key ")[2] or None, shown=content_type == "text/key")


def call_within_app(harness: Harness, data: bytes, **given: Any) -> Call:
    return read_call(
        harness.engine, "acme", make_environ(CONTENT_TYPE="text/key", **body_environ(data, chunked=True), **given)
    )


def test_a_key_in_the_body_finds_its_sandbox_where_nothing_else_shows_one() -> None:
    harness = make_harness(replace(ACME, read_body_credential=noted_credential), scenarios={})
    other = harness.engine.create("acme", "other")
    secret = next(iter(other.keys))
    found = call_within_app(harness, f"key {secret}".encode())
    assert (found.sandbox, found.credential, found.data) == (
        other,
        Credential(secret, shown=True),
        f"key {secret}".encode(),
    )
    beside = call_within_app(harness, f"key {secret}".encode(), HTTP_AUTHORIZATION=f"Bearer {harness.key()}")
    assert (beside.sandbox, beside.credential.secret) == (harness.sandbox, harness.key())
    assert call_within_app(harness, b"nothing").sandbox is harness.sandbox


def test_the_limit_of_a_body_with_a_key_is_the_one_of_its_own_sandbox() -> None:
    harness = make_harness(replace(ACME, read_body_credential=noted_credential), scenarios={})
    other = harness.engine.create("acme", "other", Settings(assumptions={"body_limit": LIMIT}))
    harness.sandbox.configure({"assumptions": {"body_limit": 10}})
    inside = f"key {next(iter(other.keys))}".encode()
    assert not call_within_app(harness, inside).too_large
    longer = call_within_app(harness, inside.rjust(LIMIT + 1))
    assert (longer.too_large, longer.data) == (True, b"")
    stranger = call_within_app(harness, b"too long for the first one")
    assert (stranger.sandbox, stranger.too_large, stranger.data) == (harness.sandbox, True, b"")
