"""Where a provider is reached: under its path, under its host name, or alone at the root."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.http.hosts import AllowedHosts
from mockserver.providers import PROVIDERS
from tests.support.harness import TOKEN, Harness, make_harness

SMARTEPI = next(provider for provider in PROVIDERS if provider.name == "smartepi")


@pytest.fixture(scope="module")
def harness() -> Harness:
    """One harness for all tests of this module, which do not depend on each other."""
    harness = make_harness(SMARTEPI)
    harness.app = create_app(harness.engine, token=TOKEN, hosts=HOSTS)
    return harness


@pytest.fixture(scope="module")
def single_provider_harness() -> Harness:
    harness = make_harness(SMARTEPI)
    harness.app = create_app(harness.engine, token=TOKEN, root_provider="smartepi", hosts=HOSTS)
    return harness


NUMBERS = count()
HOSTS = AllowedHosts(
    ["anything.test", "smartepi.localhost.evil.test", "smartepi.test", "smartepi", "smartepi.localhost@evil.test"]
)
"""Names that are allowed, so that the tests see where they lead."""


def send_raw(harness: Harness, path: str, host: str = "localhost:8080", method: str = "GET", **options: Any) -> Any:
    """Sends a request with exactly this path and the key of the sandbox."""
    headers = {"Host": host, "Authorization": f"Bearer {harness.key()}", **options.pop("headers", {})}
    environ = {"PATH_INFO": path, "RAW_URI": path}
    return harness.app.test_client().open("/", method=method, headers=headers, environ_overrides=environ, **options)


def is_provider_response(response: Any) -> bool:
    return response.status_code == 200 or "urn:smartepi" in response.text


MOUNT_CASES = [
    ("/smartepi/v1/sectors", "localhost:8080", False),
    ("/smartepi/v1/sectors", "127.0.0.1", False),
    ("/smartepi/v1/sectors", "anything.test", False),
    ("/v1/sectors", "smartepi.localhost:8080", False),
    ("/v1/sectors", "smartepi.localhost", False),
    ("/v1/sectors", "SmartEPI.LocalHost:1", False),
    ("/v1/sectors", "localhost:8080", True),
    ("/smartepi/v1/sectors", "localhost:8080", True),
    ("/v1/sectors", "smartepi.localhost:8080", True),
]


@pytest.mark.parametrize(("path", "host", "root"), MOUNT_CASES)
def test_a_provider_is_reached_at_every_mount(
    harness: Harness, single_provider_harness: Harness, path: str, host: str, root: bool
) -> None:
    response = send_raw(single_provider_harness if root else harness, path, host)
    assert response.status_code == 200
    assert "Pintura" in {sector["name"] for sector in response.json["data"]}


@pytest.mark.parametrize(("path", "host", "root"), MOUNT_CASES)
def test_a_location_leads_to_the_record_at_the_same_mount(
    harness: Harness, single_provider_harness: Harness, path: str, host: str, root: bool
) -> None:
    target_harness = single_provider_harness if root else harness
    created = send_raw(target_harness, path, host, "POST", json={"name": f"new {next(NUMBERS)}"})
    assert created.headers["Location"] == f"{path}/{created.json['data']['id']}"
    found = send_raw(target_harness, created.headers["Location"], host)
    assert (found.status_code, found.data) == (200, created.data)


@pytest.mark.parametrize(("path", "host", "root"), MOUNT_CASES)
def test_an_absolute_location_has_the_host_of_the_request(
    harness: Harness, single_provider_harness: Harness, path: str, host: str, root: bool
) -> None:
    target_harness = single_provider_harness if root else harness
    target_harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"location": "absolute"}})
    created = send_raw(target_harness, path, host, "POST", json={"name": f"new {next(NUMBERS)}"})
    target_harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": None})
    assert created.headers["Location"] == f"http://{host.lower()}{path}/{created.json['data']['id']}"


@pytest.mark.parametrize(
    "path",
    ["//smartepi/v1/sectors", "/smartepi//v1/sectors", "/smartepi/v1//sectors", "/smartepi/v1/sectors/", "/smartepi/"]
    + ["/smartepi", "/smartepi;x/v1/sectors", "/smartepiX/v1/sectors", "/SmartEPI/v1/sectors", "/./smartepi/v1/sectors"]
    + [
        "/x/../smartepi/v1/sectors",
        "/v1/sectors",
        "/",
        "",
        "smartepi/v1/sectors",
        "*",
        "/smartepi/smartepi/v1/sectors",
    ],
)
def test_no_variant_of_a_path_reaches_an_operation(harness: Harness, path: str) -> None:
    response = send_raw(harness, path)
    assert response.status_code == 404
    assert "json" in response.headers["Content-Type"]


@pytest.mark.parametrize(
    "host",
    [
        "smartepi.localhost.evil.test",
        "smartepi.test",
        "xsmartepi.localhost",
        "smartepi.localhost.",
        "smartepi",
        "localhost",
    ]
    + ["a.smartepi.localhost", "nobody.localhost", "", "[::1]:8080", "smartepi.localhost@evil.test"],
)
def test_no_other_host_leads_to_a_provider(harness: Harness, host: str) -> None:
    assert send_raw(harness, "/v1/sectors", host).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/__adminX",
        "/__admin;x",
        "/__admin;x/sandboxes",
        "//__admin/sandboxes",
        "/__ADMIN/sandboxes",
        "/_admin/sandboxes",
    ]
    + ["/smartepi/__admin/sandboxes", "/./__admin/sandboxes", "/x/../__admin/sandboxes", "/healthX", "//health"],
)
@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("token", [False, True])
def test_paths_that_resemble_the_admin_api_are_refused(
    harness: Harness, single_provider_harness: Harness, path: str, root: bool, token: bool
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} if token else {}
    response = send_raw(single_provider_harness if root else harness, path, headers=headers)
    assert response.status_code in (403, 404)
    assert "base_url" not in response.text
    assert '"ok"' not in response.text


@pytest.mark.parametrize("host", ["localhost:8080", "smartepi.localhost:8080"])
@pytest.mark.parametrize("root", [False, True])
def test_admin_api_and_health_take_precedence_over_a_provider_at_the_root(
    harness: Harness, single_provider_harness: Harness, host: str, root: bool
) -> None:
    target_harness = single_provider_harness if root else harness
    assert send_raw(target_harness, "/health", host).json == {"status": "ok"}
    assert send_raw(target_harness, "/ready", host).json["status"] == "ready"
    assert send_raw(target_harness, "/__admin/version", host).status_code == 401
    version = send_raw(target_harness, "/__admin/version", host, headers={"Authorization": f"Bearer {TOKEN}"})
    assert version.json["name"] == "testmode"
    assert send_raw(target_harness, "/__admin/nothing", host).status_code == 401


@pytest.mark.parametrize("path", ["/__admin", "/__admin/", "/__admin/sandboxes/../version", "/__admin/sandboxes//"])
def test_every_path_under_the_admin_api_needs_the_token(harness: Harness, path: str) -> None:
    assert send_raw(harness, path).status_code == 401


@pytest.mark.parametrize("path", ["/nothing", "/smartepi", "/", "//", "/health/x", "*", "/v1/sectors/x/y/z"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "TRACE", "BREW"])
def test_a_provider_at_the_root_answers_every_other_path(
    single_provider_harness: Harness, path: str, method: str
) -> None:
    response = send_raw(single_provider_harness, path, method=method)
    assert response.status_code == 404
    assert method == "HEAD" or path.startswith("/health") or is_provider_response(response)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "BREW", "NONE", "get"])
def test_an_undeclared_method_is_refused_by_the_provider(harness: Harness, method: str) -> None:
    response = send_raw(harness, "/smartepi/v1/sectors", method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_the_journal_has_the_path_as_sent(single_provider_harness: Harness) -> None:
    send_raw(single_provider_harness, "/v1/sectors")
    send_raw(single_provider_harness, "/smartepi/v1/sectors")
    assert [entry.call.path for entry in single_provider_harness.sandbox.journal.entries()[-2:]] == [
        "/v1/sectors",
        "/smartepi/v1/sectors",
    ]


def test_the_refusal_of_an_unknown_path_lists_the_providers(harness: Harness) -> None:
    assert "/smartepi/v1" in send_raw(harness, "/v1/sectors").json["detail"]


@pytest.mark.parametrize(
    ("sent", "id"), [("a%2Fb", "a/b"), ("%2f", "/"), ("a%2Fb%20c", "a/b c"), ("a%252Fb", "a%2Fb"), ("%C3%A9%2F", "é/")]
)
def test_an_encoded_slash_is_part_of_an_id(harness: Harness, sent: str, id: str) -> None:
    target = f"/smartepi/v1/sectors/{sent}"
    response = harness.request("GET", f"/v1/sectors/{sent}", environ_overrides={"RAW_URI": target})
    assert (response.status_code, response.json["detail"]) == (404, f"There is no sector {id}")
    assert harness.sandbox.journal.entries()[-1].call.path == target


def test_repeated_requests_get_equal_responses(harness: Harness) -> None:
    requests = [("GET", "/v1/sectors"), ("POST", "/v1/sectors"), ("GET", "/v1/sectors/a"), ("GET", "/v1/sectors/b")]
    requests += [
        ("PURGE", "/v1/sectors"),
        ("get", "/v1/sectors"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/sectors/" + "x" * 300),
    ]
    results = [
        [(response.status_code, response.headers.get("Allow"), response.json) for response in responses]
        for responses in ([harness.request(method, path) for method, path in requests] for _ in range(2))
    ]
    assert results[0] == results[1]
