"""What a browser is told about a workspace: which pages may read its answers, and what they may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.cors import origin_of
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
PAGE = "https://acme-mobile.acme.test"
GRANTED_HEADERS = {
    "Access-Control-Allow-Origin": PAGE,
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@pytest.fixture(params=["documented", "observed"])
def harness(request: pytest.FixtureRequest) -> Harness:
    """A world that shows one face, then one that shows the other."""
    made = make_harness(PROVIDER)
    set_assumptions(made, fidelity=request.param)
    return made


def set_assumptions(harness: Harness, **assumptions: Any) -> None:
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": assumptions}).status_code == 200


def send_request(harness: Harness, method: str, path: str, origin: str | None = PAGE, **options: Any) -> ApiResponse:
    headers = {**({} if origin is None else {"Origin": origin}), **options.pop("headers", {})}
    return harness.request(
        method, path if path.startswith(("/t/", "/api")) else f"{BASE}{path}", headers=headers, **options
    )


def preflight(harness: Harness, path: str, origin: str = PAGE, wanted: str = "POST", **options: Any) -> ApiResponse:
    headers = {"Access-Control-Request-Method": wanted, "Access-Control-Request-Headers": "authorization"}
    return send_request(harness, "OPTIONS", path, origin, key=None, headers=headers, **options)


def granted_headers(answer: ApiResponse) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


def check_granted(answer: ApiResponse) -> None:
    assert granted_headers(answer) == GRANTED_HEADERS
    assert "Origin" in answer.headers.getlist("Vary")


def test_a_page_of_an_application_may_read_answers_and_refusals(harness: Harness) -> None:
    for method, path, options, status in (
        ("GET", "/users", {}, 200),
        ("GET", "/users/99", {}, 404),
        ("GET", "/users/x", {}, 400),
        ("GET", "/users", {"key": None}, 401),
        ("GET", "/users", {"key": "kauth_kotauth_wrong"}, 401),
        ("DELETE", "/users/1", {}, 204),
    ):
        answer = send_request(harness, method, path, **options)
        assert answer.status_code == status
        check_granted(answer)


def test_another_page_is_answered_without_leave_to_read(harness: Harness) -> None:
    for origin in (
        "https://evil.test",
        "http://acme-mobile.acme.test",
        f"{PAGE}:8443",
        f"{PAGE}/",
        PAGE.upper(),
        "null",
    ):
        answer = send_request(harness, "GET", "/users", origin)
        assert answer.status_code == 200
        assert not granted_headers(answer)
        assert "Origin" not in answer.headers.getlist("Vary")


def test_a_call_that_comes_from_no_page_gets_no_such_headers(harness: Harness) -> None:
    answer = send_request(harness, "GET", "/users", None)
    assert not granted_headers(answer)
    assert "Origin" not in answer.headers.getlist("Vary")


@pytest.mark.parametrize("wanted", ["GET", "POST", "PUT", "DELETE"])
def test_a_preflight_needs_no_key_and_leaves_put_and_delete_to_the_browser_to_refuse(
    harness: Harness, wanted: str
) -> None:
    answer = preflight(harness, "/users/1/attributes/plan", wanted=wanted)
    assert (answer.status_code, answer.data) == (204, b"")
    check_granted(answer)
    assert answer.headers["X-Request-ID"]


def test_a_preflight_from_another_page_is_refused_without_a_word(harness: Harness) -> None:
    answer = preflight(harness, "/users", "https://evil.test")
    assert (answer.status_code, answer.data) == (403, b"")
    assert not granted_headers(answer)


def test_a_preflight_for_what_is_not_there_finds_nothing(harness: Harness) -> None:
    assert preflight(harness, "/nothing").status_code == 404
    assert preflight(harness, "/t/nobodys/api/v1/users").status_code == 403
    for answer in (send_request(harness, "GET", "/nothing"), send_request(harness, "GET", "/t/nobodys/api/v1/users")):
        assert answer.status_code == 404
        assert not granted_headers(answer)


def test_options_that_is_no_preflight_is_a_method_the_path_has_not(harness: Harness) -> None:
    bare = send_request(harness, "OPTIONS", "/users")
    assert bare.status_code == 405
    assert not granted_headers(bare)
    assert preflight(harness, "/users", "null").status_code == 405
    assert preflight(harness, "/t/kotauth/api/v1/users", "").status_code == 403


def test_a_method_the_path_has_not_is_refused_before_the_page_is_looked_at(harness: Harness) -> None:
    answer = send_request(harness, "PATCH", "/users")
    assert answer.status_code == 405
    assert not granted_headers(answer)


def test_a_path_that_only_the_documents_have_takes_no_preflight_on_the_other_face(harness: Harness) -> None:
    documented = harness.sandbox.assumptions.model_dump()["fidelity"] == "documented"
    assert preflight(harness, "/users/1/resend-invite").status_code == (204 if documented else 404)


def test_pages_outside_a_workspace_are_nobodys(harness: Harness) -> None:
    assert not granted_headers(send_request(harness, "GET", "/api/docs", key=None))
    assert preflight(harness, "/api/docs").status_code == 405


def test_preflights_may_be_left_to_the_router(harness: Harness) -> None:
    set_assumptions(harness, preflight="not routed")
    assert preflight(harness, "/users").status_code == 405
    check_granted(send_request(harness, "GET", "/users"))


def test_cookies_may_come_along_where_the_workspace_says_so(harness: Harness) -> None:
    set_assumptions(harness, cors_credentials=True)
    for answer in (send_request(harness, "GET", "/users"), preflight(harness, "/users")):
        assert granted_headers(answer) == {**GRANTED_HEADERS, "Access-Control-Allow-Credentials": "true"}


def test_the_pages_are_those_of_the_redirect_uris_as_they_are_now(harness: Harness) -> None:
    body = {"name": "Mobile", "accessType": "public", "redirectUris": ["http://localhost:3000/cb", "not a uri"]}
    assert send_request(harness, "PUT", "/applications/3", json=body).status_code == 200
    assert not granted_headers(send_request(harness, "GET", "/users"))
    assert granted_headers(send_request(harness, "GET", "/users", "http://localhost:3000"))


def test_a_disabled_applications_pages_are_other_pages(harness: Harness) -> None:
    assert send_request(harness, "DELETE", "/applications/3").status_code == 204
    assert not granted_headers(send_request(harness, "GET", "/users"))
    assert preflight(harness, "/users").status_code == 403
    assert harness.admin(
        "POST", "/sandboxes/kotauth/simulations/enable_application", {"application": "acme-mobile"}
    ).json
    check_granted(send_request(harness, "GET", "/users"))


def test_the_portals_page_is_where_the_workspace_is(harness: Harness) -> None:
    assert granted_headers(send_request(harness, "GET", "/users", "http://localhost"))


def test_a_preflight_is_answered_by_the_workspace_of_its_path(harness: Harness) -> None:
    made = harness.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "acme"})
    assert made.status_code == 201
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
def test_an_origin_is_scheme_host_and_a_port_that_is_not_the_schemes_own(uri: str, origin: str | None) -> None:
    assert origin_of(uri) == origin
