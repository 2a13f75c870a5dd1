"""What a head asks of whom: read once for all that are equal, and as if it were read each time."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from mockserver import heads
from mockserver.heads import REMEMBERED, SENT, SHORT, Head, Heads
from mockserver.mounts import Found, Place
from tests.acme import ACME
from tests.worlds import World, make_world


class Reader:
    """Heads that count how often they are read for the first time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heads = Heads({ACME.name: ACME}, self._find, self._place)

    def _find(self, path: str, method: str) -> Found:
        self.asked.append(f"{method} {path}")
        return Found(None, {"id": "a\ue02fb"}, ("GET",))

    def _place(self, environ: dict[str, Any]) -> Place | None:
        return Place(ACME.name, "/acme", "/") if environ["PATH_INFO"] == "/" else None

    def read(self, sent: bytes | None = b"GET / HTTP/1.1", **given: Any) -> Head | None:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", **given}
        return self.heads.read(environ if sent is None else {**environ, SENT: sent})


def test_equal_heads_are_read_once_and_say_the_same() -> None:
    reader = Reader()
    first, second = reader.read(), reader.read()
    assert first is not None
    assert first is second
    assert (first.args, first.allowed, first.mount) == ({"id": "a/b"}, ("GET",), "/acme")
    assert len(reader.asked) == 1


@pytest.mark.parametrize("sent", [None, b"x" * (SHORT + 1)])
def test_a_head_that_is_unknown_or_too_long_is_read_each_time(sent: bytes | None) -> None:
    reader = Reader()
    assert reader.read(sent) == reader.read(sent)
    assert len(reader.asked) == 2


def test_no_more_heads_are_remembered_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "REMEMBERED", 8)
    reader = Reader()
    for nth in range(20):
        reader.read(b"%d" % nth)
        assert len(reader.heads._known) <= 8
    assert REMEMBERED * SHORT <= 1024 * 1024


def test_what_is_no_providers_is_not_remembered() -> None:
    reader = Reader()
    assert reader.read(PATH_INFO="/health") is None
    assert not reader.heads._known


@pytest.fixture
def world() -> World:
    return make_world()


def go(world: World, sent: bytes, body: bytes = b"", **given: Any) -> tuple[str, bytes]:
    """Send a request to the application as the server hands it over."""
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/smartepi/v1/sectors",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "HTTP_AUTHORIZATION": f"Bearer {world.key('smartepi')}",
        SENT: sent,
        **given,
    }
    data = b"".join(world.app.wsgi_app(environ, lambda status, _headers: statuses.append(status)))  # type: ignore[arg-type]
    return statuses[0], data


def test_bodies_and_addresses_are_of_each_request_however_equal_their_heads(world: World) -> None:
    post = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "13", "CONTENT_TYPE": "application/json"}
    for nth in range(3):
        status, data = go(world, b"POST", b'{"name":"N%d"}' % nth, **post, REMOTE_ADDR=f"192.0.2.{nth}")
        assert (status, b'"name":"N%d"' % nth in data) == ("201 Created", True)
    calls = [entry.call for entry in world.engine.sandbox("smartepi").journal.entries()]
    assert [call.address for call in calls] == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]
    assert calls[0].headers is calls[2].headers


def test_a_key_that_is_revoked_is_refused_though_its_head_was_good_before(world: World) -> None:
    assert go(world, b"GET")[0] == "200 OK"
    sandbox = world.engine.sandbox("smartepi")
    sandbox.keyring.revoke(next(iter(sandbox.keys.values())).id, after=0)
    assert go(world, b"GET")[0] == "403 Forbidden"


def test_what_goes_to_another_host_is_misdirected_however_often_its_head_comes(world: World) -> None:
    assert [go(world, b"GET", HTTP_HOST="evil.test")[0] for _ in range(2)] == ["421 Misdirected Request"] * 2


def test_the_same_head_leads_to_whoever_has_the_key_by_then(world: World) -> None:
    other = world.engine.create("smartepi")
    secret = next(iter(other.keys))
    assert go(world, b"GET", HTTP_AUTHORIZATION=f"Bearer {secret}")[0] == "200 OK"
    world.engine.delete(other.id)
    assert go(world, b"GET", HTTP_AUTHORIZATION=f"Bearer {secret}")[0] == "403 Forbidden"
