"""Host names that the server accepts: local names, its own name, and configured names; no others."""

from __future__ import annotations

from socket import gethostname

import pytest

from mockserver.app import create_app
from mockserver.http.hosts import AllowedHosts, is_loopback
from tests.support.harness import TOKEN, make_harness

LOCAL_HOSTS = [
    "localhost",
    "localhost:8080",
    "LOCALHOST.",
    "kota.localhost:1",
    "127.0.0.1:8080",
    "[::1]:8080",
    "10.1.2.3",
    "",
    gethostname(),
]
FOREIGN_HOSTS = ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test:8080", "evillocalhost", "x_y", "testmode"]


@pytest.mark.parametrize("host", LOCAL_HOSTS)
def test_a_name_of_this_machine_is_allowed(host: str) -> None:
    assert AllowedHosts().allows(host)


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_not_allowed(host: str) -> None:
    assert not AllowedHosts().allows(host)


def test_a_configured_name_is_allowed() -> None:
    assert AllowedHosts(["Mock.Internal"]).allows("mock.internal:80")
    assert not AllowedHosts(["mock.internal"]).allows("other.mock.internal")


def test_single_label_names_are_allowed_if_configured() -> None:
    hosts = AllowedHosts(allow_single_label=True)
    assert hosts.allows("testmode:8080")
    assert not hosts.allows("testmode.evil.test")


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)]
)
def test_is_loopback_recognizes_loopback_hosts(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


@pytest.mark.parametrize("path", ["/smartepi/v1/employees", "/__admin/sandboxes", "/health", "/nowhere"])
def test_every_path_under_another_name_gets_a_421(path: str) -> None:
    harness = make_harness()
    response = harness.app.test_client().get(path, headers={"Host": "evil.test", "Authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 421
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json is not None
    assert {**response.json, "detail": None} == {
        "type": "about:blank",
        "title": "Misdirected Request",
        "status": 421,
        "detail": None,
    }
    assert "evil.test" in response.json["detail"]
    assert "TESTMODE_ALLOWED_HOSTS" in response.json["detail"]
    assert not harness.sandbox.journal.entries()


def test_a_head_request_to_another_name_gets_no_body() -> None:
    response = make_harness().app.test_client().head("/health", headers={"Host": "evil.test"})
    assert (response.status_code, response.data) == (421, b"")


def test_an_application_accepts_its_configured_names() -> None:
    client = create_app(make_harness().engine, hosts=AllowedHosts(["mock.internal"])).test_client()
    assert client.get("/health", headers={"Host": "mock.internal:8080"}).status_code == 200


@pytest.mark.parametrize("host", ["MOCK.Internal", "mock.INTERNAL:8080", "Mock.Internal.", "mock.internal"])
def test_the_case_of_a_name_does_not_matter(host: str) -> None:
    for allowed in ("mock.internal", "MOCK.internal"):
        assert AllowedHosts([allowed]).allows(host)
    assert not AllowedHosts(["mock.intern"]).allows(host)


@pytest.mark.parametrize("host", ["KOTA.LOCALHOST", "Kota.LocalHost:80", "LocalHost", "[::1]", "[::1]:80"])
def test_local_names_are_allowed_in_capitals_and_addresses_in_brackets(host: str) -> None:
    assert AllowedHosts().allows(host)


@pytest.mark.parametrize("host", ["[evil.test]", "[evil.test]:80", "[::1", "[::g]"])
def test_a_name_in_brackets_that_is_not_an_address_is_not_allowed(host: str) -> None:
    assert AllowedHosts().allows(host) is (host == "[::1")


def test_the_refusal_has_the_first_200_characters_of_a_long_name() -> None:
    client = make_harness().app.test_client()
    for length, expected in ((199, 199), (200, 200), (201, 200), (1000, 200)):
        response = client.get("/health", headers={"Host": "x" * length + ":80"})
        assert response.json is not None
        assert f"'{'x' * expected}'" in response.json["detail"]
        assert response.headers["Content-Length"] == str(len(response.data))
