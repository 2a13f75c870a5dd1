"""The resolver finds provider and operation of a request; equal request lines are resolved once."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from mockserver.http import parser as framing
from mockserver.http.hosts import AllowedHosts
from mockserver.http.resolver import (
    CACHE_SIZE,
    MAX_CACHED_LENGTH,
    NO_PROVIDER,
    UNKNOWN_HOST,
    ProviderPath,
    RequestResolver,
    ResolvedTarget,
    UnresolvedTarget,
)
from mockserver.http.routes import RouteMatch
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness


class RecordingResolver:
    """A resolver that records each route it looks up."""

    def __init__(self) -> None:
        self.lookups: list[str] = []
        self.resolver = RequestResolver({ACME.name: ACME}, AllowedHosts(["a", "b"]))
        self.resolver._match_route, self.resolver._find_provider_path = self._match_route, self._find_provider_path

    def _match_route(self, path: str, method: str) -> RouteMatch:
        self.lookups.append(f"{method} {path}")
        return RouteMatch(None, {"id": "a\ue02fb"}, ("GET",))

    def _find_provider_path(self, path: str, _sent: str, _host: str) -> ProviderPath | None:
        return None if path == "/health" else ProviderPath(ACME.name, "/acme", path)

    def read(self, path: str = "/", **overrides: Any) -> ResolvedTarget | UnresolvedTarget:
        return self.resolver.resolve({"REQUEST_METHOD": "GET", "PATH_INFO": path, **overrides})


def test_equal_request_lines_are_resolved_once() -> None:
    reader = RecordingResolver()
    first, second = reader.read(HTTP_X_NTH="1"), reader.read(HTTP_X_NTH="2")
    assert isinstance(first, ResolvedTarget)
    assert first is second
    assert (first.args, first.allowed, first.mount) == ({"id": "a/b"}, ("GET",), "/acme")
    assert len(reader.lookups) == 1


@pytest.mark.parametrize(
    "other",
    [{"REQUEST_METHOD": "PUT"}, {"QUERY_STRING": "a=1"}, {"RAW_URI": "/%61"}, {"HTTP_HOST": "b"}, {"PATH_INFO": "/b"}],
)
def test_different_request_lines_are_resolved_separately(other: dict[str, str]) -> None:
    reader = RecordingResolver()
    assert reader.read("/a") != reader.read("/a", **other)
    assert len(reader.lookups) == 2


def test_a_line_that_is_too_long_is_resolved_each_time() -> None:
    reader = RecordingResolver()
    assert reader.read("/" + "x" * MAX_CACHED_LENGTH) == reader.read("/" + "x" * MAX_CACHED_LENGTH)
    assert len(reader.lookups) == 2


@pytest.mark.parametrize("longer", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_line_of_the_maximum_length_is_cached_and_one_character_more_is_not(
    longer: tuple[int, int, int],
) -> None:
    reader = RecordingResolver()
    sent, path, query = ("/" + "x" * (more + size - 1) for more, size in zip(longer, (1024, 512, 512), strict=True))
    for _ in range(2):
        reader.read(path, RAW_URI=sent, QUERY_STRING=query)
    assert len(reader.lookups) == (2 if any(longer) else 1)


@pytest.mark.parametrize(
    ("path", "sent", "args"),
    [
        ("/acme/v1/notes/a/b", "/acme/v1/notes/a%2Fb", {"id": "a/b"}),
        ("/acme/v1/notes/a/b", "/acme/v1/notes/a%2fb?c=%2F", {"id": "a/b"}),
        ("/acme/v1/notes/ab", "/acme/v1/notes/%61b", {"id": "ab"}),
        ("/acme/v1/notes/ab", "/acme/v1/notes/ab?c=/%2F", {"id": "ab"}),
        ("/acme/v1/notes/ab", "http://a/acme/v1/notes/ab?c=%2F", {"id": "ab"}),
        ("/acme/v1/notes/ab", "", {"id": "ab"}),
        ("/acme/v1/notes/a/b", "http://a/acme/v1/notes/a%2Fb", {}),
        ("/acme/v1/notes/a/b", "/acme/v1/notes/a/b", {}),
        ("/acme/v1/notes/ü/b".encode().decode("latin-1"), "/acme/v1/notes/%C3%BC%2Fb", {"id": "ü/b"}),
    ],
)
def test_an_encoded_slash_is_part_of_a_path_argument(path: str, sent: str, args: dict[str, str]) -> None:
    one = replace(ACME.operations[0], name="get_note", path="/v1/notes/{id}")
    provider = replace(ACME, operations=(*ACME.operations, one))
    resolver = RequestResolver({ACME.name: provider}, AllowedHosts(["a"]))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "RAW_URI": sent}
    target = resolver.resolve(environ)
    assert isinstance(target, ResolvedTarget)
    assert (target.provider, target.args, target.operation) == (provider, args, one if args else None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("a=1&a=2&b=", [("a", "1"), ("a", "2"), ("b", "")]),
        ("c", [("c", "")]),
        ("d=%C3%BC+%26", [("d", "ü &")]),
    ],
)
def test_a_query_is_read_in_order_with_empty_values(query: str, expected: list[tuple[str, str]]) -> None:
    target = RecordingResolver().read("/a", QUERY_STRING=query)
    assert isinstance(target, ResolvedTarget)
    assert target.query == expected


def test_the_cache_of_request_lines_is_bounded() -> None:
    reader = RecordingResolver()
    for nth in range(CACHE_SIZE + 20):
        reader.read(f"/{nth}")
    assert reader.resolver.cached_resolve.cache_info().currsize == CACHE_SIZE
    assert CACHE_SIZE * MAX_CACHED_LENGTH <= 1024 * 1024


def test_request_outside_providers_resolves_to_none() -> None:
    assert RecordingResolver().read("/health") is NO_PROVIDER
    assert RecordingResolver().read("/health", HTTP_HOST="evil.test") is UNKNOWN_HOST


def test_request_lines_and_header_sections_are_cached_separately_and_bounded() -> None:
    one, other = (framing.parse_head(b"GET / HTTP/1.1\r\nHost: a\r\nX-Nth: %d" % nth) for nth in range(2))
    assert one.line is other.line
    same = framing.parse_head(b"PUT /b HTTP/1.1\r\nHost: a\r\nX-Nth: 1")
    assert same.header_section is other.header_section
    assert (one.header_section.headers, other.header_section.headers) == (
        {"host": "a", "x-nth": "0"},
        {"host": "a", "x-nth": "1"},
    )
    for nth in range(framing.CACHE_SIZE + 20):
        framing.parse_head(b"GET /%d HTTP/1.1\r\nHost: a\r\nX-Nth: %d" % (nth, nth))
    for cached in (framing._cached_line, framing._cached_header_section):
        assert cached.cache_info().currsize == framing.CACHE_SIZE
    assert framing.CACHE_SIZE * framing.MAX_CACHED_LENGTH <= 1024 * 1024


def test_a_head_that_is_too_long_is_not_cached() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * framing.MAX_CACHED_LENGTH
    assert framing.parse_head(head) == framing.parse_head(head)
    assert framing.parse_head(head).header_section is not framing.parse_head(head).header_section


def test_a_cached_header_section_is_interpreted_with_its_request_line() -> None:
    heads = [framing.parse_head(line + b"\r\nHost: a") for line in (b"GET / HTTP/1.1", b"GET / HTTP/1.0")]
    assert [head.header_section.keep_alive for head in heads] == [True, False]
    absolute = framing.parse_head(b"GET http://b/ HTTP/1.1\r\nHost: a")
    assert (absolute.header_section.headers, absolute.line.path) == ({"host": "b"}, "/")


@pytest.fixture
def harness() -> Harness:
    return make_harness()


def send_raw(harness: Harness, body: bytes = b"", **overrides: Any) -> tuple[str, bytes]:
    """Calls the application with an environ as the server makes it; returns status and body."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/smartepi/v1/sectors",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "HTTP_AUTHORIZATION": f"Bearer {harness.key('smartepi')}",
        **overrides,
    }
    data = b"".join(harness.app.wsgi_app(environ, lambda status, _headers: statuses.append(status)))  # type: ignore[arg-type]
    return statuses[0], data


def test_equal_heads_do_not_share_bodies_or_addresses(harness: Harness) -> None:
    post: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "13", "CONTENT_TYPE": "application/json"}
    post[framing.HEADERS_KEY] = {
        "authorization": f"Bearer {harness.key('smartepi')}",
        "content-type": "application/json",
    }
    for nth in range(3):
        status, data = send_raw(harness, b'{"name":"N%d"}' % nth, **post, REMOTE_ADDR=f"192.0.2.{nth}")
        assert (status, b'"name":"N%d"' % nth in data) == ("201 Created", True)
    calls = [entry.call for entry in harness.engine.get_sandbox("smartepi").journal.entries()]
    assert [call.address for call in calls] == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]
    assert calls[0].headers is calls[2].headers


def test_equal_request_lines_do_not_share_header_fields(harness: Harness) -> None:
    for nth in "12":
        assert send_raw(harness, HTTP_X_NTH=nth)[0] == "200 OK"
    calls = [entry.call for entry in harness.engine.get_sandbox("smartepi").journal.entries()]
    assert [call.headers["x-nth"] for call in calls] == ["1", "2"]


def test_a_revoked_key_is_refused_although_its_head_is_cached(harness: Harness) -> None:
    assert send_raw(harness)[0] == "200 OK"
    sandbox = harness.engine.get_sandbox("smartepi")
    sandbox.keyring.revoke(next(iter(sandbox.keys.values())).id, after=0)
    assert send_raw(harness)[0] == "403 Forbidden"


def test_a_request_to_another_host_is_refused_each_time(harness: Harness) -> None:
    assert [send_raw(harness, HTTP_HOST="evil.test")[0] for _ in range(2)] == ["421 Misdirected Request"] * 2


def test_a_cached_head_does_not_keep_a_deleted_sandbox(harness: Harness) -> None:
    other = harness.engine.create("smartepi")
    secret = next(iter(other.keys))
    assert send_raw(harness, HTTP_AUTHORIZATION=f"Bearer {secret}")[0] == "200 OK"
    harness.engine.delete(other.id)
    assert send_raw(harness, HTTP_AUTHORIZATION=f"Bearer {secret}")[0] == "403 Forbidden"
