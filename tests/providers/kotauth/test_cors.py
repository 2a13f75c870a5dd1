"""Kotauth's CORS: which origins may read responses, and which methods and headers a preflight allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.cors import parse_origin
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
ALLOWED_ORIGIN = "https://acme-mobile.acme.test"
GRANTED_HEADERS = {
    "Access-Control-Allow-Origin": ALLOWED_ORIGIN,
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@pytest.fixture(params=["documented", "observed"])
def harness(request: pytest.FixtureRequest) -> Harness:
    harness = make_harness(PROVIDER)
    set_assumptions(harness, fidelity=request.param)
    return harness


def set_assumptions(harness: Harness, **assumptions: Any) -> None:
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": assumptions}).status_code == 200


def send_request(
    harness: Harness, method: str, path: str, origin: str | None = ALLOWED_ORIGIN, **options: Any
) -> ApiResponse:
    headers = {**({} if origin is None else {"Origin": origin}), **options.pop("headers", {})}
    return harness.request(
        method, path if path.startswith(("/t/", "/api")) else f"{BASE}{path}", headers=headers, **options
    )


def preflight(
    harness: Harness, path: str, origin: str = ALLOWED_ORIGIN, requested: str = "POST", **options: Any
) -> ApiResponse:
    headers = {"Access-Control-Request-Method": requested, "Access-Control-Request-Headers": "authorization"}
    return send_request(harness, "OPTIONS", path, origin, key=None, headers=headers, **options)


def granted_headers(response: ApiResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("Access-Control-")}


def check_granted(response: ApiResponse) -> None:
    assert granted_headers(response) == GRANTED_HEADERS
    assert "Origin" in response.headers.getlist("Vary")


def test_an_origin_of_an_application_may_read_responses_and_refusals(harness: Harness) -> None:
    for method, path, options, status in (
        ("GET", "/users", {}, 200),
        ("GET", "/users/99", {}, 404),
        ("GET", "/users/x", {}, 400),
        ("GET", "/users", {"key": None}, 401),
        ("GET", "/users", {"key": "kauth_kotauth_wrong"}, 401),
        ("DELETE", "/users/1", {}, 204),
    ):
        response = send_request(harness, method, path, **options)
        assert response.status_code == status
        check_granted(response)


def test_another_origin_gets_a_response_without_cors_headers(harness: Harness) -> None:
    for origin in (
        "https://evil.test",
        "http://acme-mobile.acme.test",
        f"{ALLOWED_ORIGIN}:8443",
        f"{ALLOWED_ORIGIN}/",
        ALLOWED_ORIGIN.upper(),
        "null",
    ):
        response = send_request(harness, "GET", "/users", origin)
        assert response.status_code == 200
        assert not granted_headers(response)
        assert "Origin" not in response.headers.getlist("Vary")


def test_a_request_without_an_origin_gets_no_cors_headers(harness: Harness) -> None:
    response = send_request(harness, "GET", "/users", None)
    assert not granted_headers(response)
    assert "Origin" not in response.headers.getlist("Vary")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_preflight_needs_no_key_and_does_not_allow_put_and_delete(harness: Harness, method: str) -> None:
    response = preflight(harness, "/users/1/attributes/plan", requested=method)
    assert (response.status_code, response.data) == (204, b"")
    check_granted(response)
    assert response.headers["X-Request-ID"]


def test_a_preflight_from_another_origin_is_refused_with_an_empty_body(harness: Harness) -> None:
    response = preflight(harness, "/users", "https://evil.test")
    assert (response.status_code, response.data) == (403, b"")
    assert not granted_headers(response)


def test_a_preflight_for_an_unknown_path_is_404_and_for_an_unknown_workspace_403(harness: Harness) -> None:
    assert preflight(harness, "/nothing").status_code == 404
    assert preflight(harness, "/t/nobodys/api/v1/users").status_code == 403
    for response in (send_request(harness, "GET", "/nothing"), send_request(harness, "GET", "/t/nobodys/api/v1/users")):
        assert response.status_code == 404
        assert not granted_headers(response)


def test_an_options_request_that_is_no_preflight_is_405(harness: Harness) -> None:
    bare = send_request(harness, "OPTIONS", "/users")
    assert bare.status_code == 405
    assert not granted_headers(bare)
    assert preflight(harness, "/users", "null").status_code == 405
    assert preflight(harness, "/t/kotauth/api/v1/users", "").status_code == 403


def test_an_unsupported_method_is_refused_before_the_origin_is_checked(harness: Harness) -> None:
    response = send_request(harness, "PATCH", "/users")
    assert response.status_code == 405
    assert not granted_headers(response)


def test_a_path_that_is_only_documented_takes_no_preflight_under_observed_fidelity(harness: Harness) -> None:
    documented = harness.sandbox.assumptions.model_dump()["fidelity"] == "documented"
    assert preflight(harness, "/users/1/resend-invite").status_code == (204 if documented else 404)


def test_paths_outside_a_workspace_have_no_cors(harness: Harness) -> None:
    assert not granted_headers(send_request(harness, "GET", "/api/docs", key=None))
    assert preflight(harness, "/api/docs").status_code == 405


def test_preflights_may_be_refused_by_the_router(harness: Harness) -> None:
    set_assumptions(harness, preflight="not routed")
    assert preflight(harness, "/users").status_code == 405
    check_granted(send_request(harness, "GET", "/users"))


def test_credentials_are_allowed_if_the_assumption_says_so(harness: Harness) -> None:
    set_assumptions(harness, cors_credentials=True)
    for response in (send_request(harness, "GET", "/users"), preflight(harness, "/users")):
        assert granted_headers(response) == {**GRANTED_HEADERS, "Access-Control-Allow-Credentials": "true"}


def test_the_allowed_origins_are_those_of_the_current_redirect_uris(harness: Harness) -> None:
    body = {"name": "Mobile", "accessType": "public", "redirectUris": ["http://localhost:3000/cb", "not a uri"]}
    assert send_request(harness, "PUT", "/applications/3", json=body).status_code == 200
    assert not granted_headers(send_request(harness, "GET", "/users"))
    assert granted_headers(send_request(harness, "GET", "/users", "http://localhost:3000"))


def test_the_origins_of_a_disabled_application_are_not_allowed(harness: Harness) -> None:
    assert send_request(harness, "DELETE", "/applications/3").status_code == 204
    assert not granted_headers(send_request(harness, "GET", "/users"))
    assert preflight(harness, "/users").status_code == 403
    assert harness.admin(
        "POST", "/sandboxes/kotauth/simulations/enable_application", {"application": "acme-mobile"}
    ).json
    check_granted(send_request(harness, "GET", "/users"))


def test_the_origin_of_the_portal_is_the_host_of_the_sandbox(harness: Harness) -> None:
    assert granted_headers(send_request(harness, "GET", "/users", "http://localhost"))


def test_a_preflight_belongs_to_the_workspace_in_its_path(harness: Harness) -> None:
    created = harness.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "acme"})
    assert created.status_code == 201
    assert send_request(harness, "DELETE", "/applications/3").status_code == 204
    assert preflight(harness, "/users").status_code == 403
    assert preflight(harness, "/t/acme/api/v1/users").status_code == 204
    newest = harness.admin("GET", "/sandboxes/other/requests?limit=1").json["requests"][0]
    assert (newest["method"], newest["status"]) == ("OPTIONS", 204)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://a.test/cb", "https://a.test"),
        ("https://a.test", "https://a.test"),
        ("https://a.test:443/cb?x#y", "https://a.test"),
        ("http://a.test:80/", "http://a.test"),
        ("http://a.test:443/", "http://a.test:443"),
        ("http://a.test:/", "http://a.test"),
        ("HTTPS://a.test:8443/cb", "https://a.test:8443"),
        ("http://user:word@127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://[::1]:3000/cb", "http://[::1]:3000"),
        ("myapp://callback", "myapp://callback"),
        ("myapp:/callback", None),
        ("/cb", None),
        ("https://a b.test", None),
        ("https://*.a.test/cb", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_a_port_that_is_not_the_default(uri: str, origin: str | None) -> None:
    assert parse_origin(uri) == origin
