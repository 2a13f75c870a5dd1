"""Where a provider is reached: under its path, under its host name, or alone at the root."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.http.hosts import Hosts
from mockserver.providers import PROVIDERS
from tests.support.worlds import TOKEN, World, make_world

SMARTEPI = next(provider for provider in PROVIDERS if provider.name == "smartepi")


@pytest.fixture(scope="module")
def world() -> World:
    """One world for all tests here: none of them minds what the others have done."""
    world = make_world(SMARTEPI)
    world.app = create_app(world.engine, token=TOKEN, hosts=HOSTS)
    return world


@pytest.fixture(scope="module")
def alone() -> World:
    world = make_world(SMARTEPI)
    world.app = create_app(world.engine, token=TOKEN, alone="smartepi", hosts=HOSTS)
    return world


NUMBERS = count()
HOSTS = Hosts(
    ["anything.test", "smartepi.localhost.evil.test", "smartepi.test", "smartepi", "smartepi.localhost@evil.test"]
)
"""Names that are let in, so that what they are mounted as can be seen."""


def go(world: World, path: str, host: str = "localhost:8080", method: str = "GET", **options: Any) -> Any:
    """Ask for a path exactly as it is written, with the sandbox's key."""
    headers = {"Host": host, "Authorization": f"Bearer {world.key()}", **options.pop("headers", {})}
    environ = {"PATH_INFO": path, "RAW_URI": path}
    return world.app.test_client().open("/", method=method, headers=headers, environ_overrides=environ, **options)


def is_providers(answer: Any) -> bool:
    return answer.status_code == 200 or "urn:smartepi" in answer.text


REACHED = [
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


@pytest.mark.parametrize(("path", "host", "root"), REACHED)
def test_a_provider_is_reached_in_every_way_it_is_mounted(
    world: World, alone: World, path: str, host: str, root: bool
) -> None:
    answer = go(alone if root else world, path, host)
    assert answer.status_code == 200
    assert "Pintura" in {sector["name"] for sector in answer.json["data"]}


@pytest.mark.parametrize(("path", "host", "root"), REACHED)
def test_location_leads_to_the_record_the_same_way(
    world: World, alone: World, path: str, host: str, root: bool
) -> None:
    chosen = alone if root else world
    made = go(chosen, path, host, "POST", json={"name": f"new {next(NUMBERS)}"})
    assert made.headers["Location"] == f"{path}/{made.json['data']['id']}"
    found = go(chosen, made.headers["Location"], host)
    assert (found.status_code, found.data) == (200, made.data)


@pytest.mark.parametrize(("path", "host", "root"), REACHED)
def test_an_absolute_location_names_the_host_it_was_asked_at(
    world: World, alone: World, path: str, host: str, root: bool
) -> None:
    chosen = alone if root else world
    chosen.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"location": "absolute"}})
    made = go(chosen, path, host, "POST", json={"name": f"new {next(NUMBERS)}"})
    chosen.admin("PATCH", "/sandboxes/smartepi", {"assumptions": None})
    assert made.headers["Location"] == f"http://{host.lower()}{path}/{made.json['data']['id']}"


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
def test_no_other_way_of_writing_the_path_reaches_an_operation(world: World, path: str) -> None:
    answer = go(world, path)
    assert answer.status_code == 404
    assert "json" in answer.headers["Content-Type"]


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
def test_no_other_host_is_a_providers(world: World, host: str) -> None:
    assert go(world, "/v1/sectors", host).status_code == 404


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
def test_what_only_resembles_the_admin_api_reaches_nothing(
    world: World, alone: World, path: str, root: bool, token: bool
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} if token else {}
    answer = go(alone if root else world, path, headers=headers)
    assert answer.status_code in (403, 404)
    assert "base_url" not in answer.text
    assert '"ok"' not in answer.text


@pytest.mark.parametrize("host", ["localhost:8080", "smartepi.localhost:8080"])
@pytest.mark.parametrize("root", [False, True])
def test_admin_and_health_win_over_a_provider_at_the_root(world: World, alone: World, host: str, root: bool) -> None:
    chosen = alone if root else world
    assert go(chosen, "/health", host).json == {"status": "ok"}
    assert go(chosen, "/ready", host).json["status"] == "ready"
    assert go(chosen, "/__admin/version", host).status_code == 401
    told = go(chosen, "/__admin/version", host, headers={"Authorization": f"Bearer {TOKEN}"})
    assert told.json["name"] == "testmode"
    assert go(chosen, "/__admin/nothing", host).status_code == 401


@pytest.mark.parametrize("path", ["/__admin", "/__admin/", "/__admin/sandboxes/../version", "/__admin/sandboxes//"])
def test_everything_under_the_admins_path_needs_the_token(world: World, path: str) -> None:
    assert go(world, path).status_code == 401


@pytest.mark.parametrize("path", ["/nothing", "/smartepi", "/", "//", "/health/x", "*", "/v1/sectors/x/y/z"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "TRACE", "BREW"])
def test_alone_at_the_root_the_provider_answers_for_every_other_path(alone: World, path: str, method: str) -> None:
    answer = go(alone, path, method=method)
    assert answer.status_code == 404
    assert method == "HEAD" or path.startswith("/health") or is_providers(answer)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "BREW", "NONE", "get"])
def test_every_method_a_path_has_not_is_refused_in_the_providers_words(world: World, method: str) -> None:
    answer = go(world, "/smartepi/v1/sectors", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_journal_shows_the_path_as_it_was_sent(alone: World) -> None:
    go(alone, "/v1/sectors")
    go(alone, "/smartepi/v1/sectors")
    assert [entry.call.path for entry in alone.sandbox.journal.entries()[-2:]] == [
        "/v1/sectors",
        "/smartepi/v1/sectors",
    ]


def test_a_path_nobody_has_says_where_the_providers_are(world: World) -> None:
    assert "/smartepi/v1" in go(world, "/v1/sectors").json["detail"]


@pytest.mark.parametrize(
    ("sent", "id"), [("a%2Fb", "a/b"), ("%2f", "/"), ("a%2Fb%20c", "a/b c"), ("a%252Fb", "a%2Fb"), ("%C3%A9%2F", "é/")]
)
def test_a_slash_that_is_sent_encoded_is_part_of_an_id(world: World, sent: str, id: str) -> None:
    target = f"/smartepi/v1/sectors/{sent}"
    answer = world.ask("GET", f"/v1/sectors/{sent}", environ_overrides={"RAW_URI": target})
    assert (answer.status_code, answer.json["detail"]) == (404, f"There is no sector {id}")
    assert world.sandbox.journal.entries()[-1].call.path == target


def test_a_path_leads_to_the_same_however_often_it_is_asked_for(world: World) -> None:
    asks = [("GET", "/v1/sectors"), ("POST", "/v1/sectors"), ("GET", "/v1/sectors/a"), ("GET", "/v1/sectors/b")]
    asks += [
        ("PURGE", "/v1/sectors"),
        ("get", "/v1/sectors"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/sectors/" + "x" * 300),
    ]
    said = [
        [(answer.status_code, answer.headers.get("Allow"), answer.json) for answer in asked]
        for asked in ([world.ask(method, path) for method, path in asks] for _ in range(2))
    ]
    assert said[0] == said[1]
