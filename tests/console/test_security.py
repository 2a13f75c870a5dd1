"""Sign-in to the console, and protection of its users against other sites and clients."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from mockserver.admin import auth
from mockserver.admin.api import ADMIN_PREFIX
from mockserver.app import create_app
from tests.support.harness import TOKEN, Harness

HTML = {"Accept": "text/html,application/xhtml+xml"}
SIGN_IN = f"{ADMIN_PREFIX}/console/sign-in"
UNAUTHENTICATED_ROUTES = {SIGN_IN, f"{ADMIN_PREFIX}/console/static/<file>"}
POLICY = {
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}


def sign_in_client(harness: Harness) -> FlaskClient:
    client = harness.app.test_client()
    answer = client.post(SIGN_IN, data={"token": TOKEN})
    assert (answer.status_code, answer.location) == (303, f"{ADMIN_PREFIX}/")
    return client


def rules(harness: Harness) -> list[tuple[str, str]]:
    """Returns every method and path under the admin prefix that requires a session, with parameters filled in."""
    url_rules = create_app(harness.engine).url_map.iter_rules()
    protected = [
        rule for rule in url_rules if rule.rule.startswith(ADMIN_PREFIX) and rule.rule not in UNAUTHENTICATED_ROUTES
    ]
    return [(method, re.sub(r"<\w+>", "any", rule.rule)) for rule in protected for method in sorted(rule.methods or ())]


def test_every_route_requires_a_session_and_redirects_a_browser_to_sign_in(harness: Harness) -> None:
    client = harness.app.test_client()
    routes = rules(harness)
    assert len([path for _, path in routes if "/console/" in path]) > 30
    for method, path in routes:
        assert client.open(path, method=method).status_code == 401, path
        answer = client.open(path, method=method, headers=HTML)
        assert answer.status_code == (303 if method in ("GET", "HEAD") else 401), path
        if answer.status_code == 303:
            assert answer.location == f"{SIGN_IN}?next={path}"


def test_actions_without_a_session_have_no_effect(harness: Harness) -> None:
    client = harness.app.test_client()
    client.post(f"{ADMIN_PREFIX}/console/sandboxes", data={"provider": "kota", "name": "sneaked"}, headers=HTML)
    client.post(f"{ADMIN_PREFIX}/console/sandboxes/kota/failures/scenarios/outage/on", headers=HTML)
    assert "sneaked" not in harness.engine.sandboxes
    assert harness.admin("GET", "/sandboxes/kota").json["scenarios"] == []


def test_a_wrong_token_is_refused_with_a_message_and_without_a_cookie(harness: Harness) -> None:
    for wrong in ("", "wrong", TOKEN[:-1], f"{TOKEN}x", "tøken"):
        answer = harness.app.test_client().post(SIGN_IN, data={"token": wrong})
        assert answer.status_code == 401
        assert "That is not the admin token" in answer.text
        assert "Set-Cookie" not in answer.headers


def test_sign_in_accepts_only_a_small_plain_form(harness: Harness) -> None:
    client = harness.app.test_client()
    upload = {"token": TOKEN, "file": (BytesIO(b"x" * 1_000), "x")}
    assert client.post(SIGN_IN, data=upload, content_type="multipart/form-data").status_code == 401
    assert client.post(SIGN_IN, json={"token": TOKEN}).status_code == 401
    assert client.post(SIGN_IN, data={"token": "x" * 1_000_000}).status_code == 401


def test_the_cookie_is_limited_to_the_admin_prefix_and_does_not_contain_the_token(harness: Harness) -> None:
    answer = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", f"Path={ADMIN_PREFIX}", f"Max-Age={12 * 3600}"):
        assert part in cookie.split("; ")
    assert TOKEN not in cookie
    assert cookie.startswith("testmode_session_80=")
    secure = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]


def test_the_cookie_name_contains_the_port_of_the_server(harness: Harness) -> None:
    answer = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="http://127.0.0.1:9001")
    assert answer.headers["Set-Cookie"].startswith("testmode_session_9001=")


@pytest.mark.parametrize(
    "target",
    [
        "//evil.test/",
        "https://evil.test/",
        "/\\evil.test",
        "/smartepi/v1",
        f"{ADMIN_PREFIX}evil",
        f"{ADMIN_PREFIX}/\r\nX-Evil: 1",
    ],
)
def test_sign_in_does_not_redirect_to_another_site(harness: Harness, target: str) -> None:
    client = harness.app.test_client()
    answer = client.post(SIGN_IN, data={"token": TOKEN, "next": target})
    assert (answer.status_code, answer.location) == (303, f"{ADMIN_PREFIX}/")
    assert "X-Evil" not in answer.headers


def test_sign_in_redirects_to_the_requested_page(harness: Harness) -> None:
    client = harness.app.test_client()
    requested = f"{ADMIN_PREFIX}/console/sandboxes/kota/failures?from=req_1&n=2"
    redirect = client.get(requested, headers=HTML)
    form = client.get(redirect.location).text
    assert 'value="/__admin/console/sandboxes/kota/failures?from=req_1&amp;n=2"' in form
    assert client.post(SIGN_IN, data={"token": TOKEN, "next": requested}).location == requested


def test_a_session_is_accepted_by_the_admin_api_too(harness: Harness) -> None:
    client = sign_in_client(harness)
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 200
    assert client.post(f"{ADMIN_PREFIX}/sandboxes/kota/reset").status_code == 200


def test_signing_out_invalidates_copies_of_the_cookie_too(harness: Harness) -> None:
    client = sign_in_client(harness)
    cookie = client.get_cookie("testmode_session_80", path=ADMIN_PREFIX)
    assert cookie is not None
    copy = {"Cookie": f"testmode_session_80={cookie.value}"}
    assert harness.app.test_client(use_cookies=False).get(f"{ADMIN_PREFIX}/sandboxes", headers=copy).status_code == 200
    assert client.post(f"{ADMIN_PREFIX}/console/sign-out").location == SIGN_IN
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 401
    assert harness.app.test_client(use_cookies=False).get(f"{ADMIN_PREFIX}/sandboxes", headers=copy).status_code == 401


def test_expired_and_forged_sessions_are_refused(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in_client(harness)
    monkeypatch.setattr(auth, "SESSION_SECONDS", -1)
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 401
    monkeypatch.undo()
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 200
    forged = URLSafeTimedSerializer("another token", salt="testmode console session").dumps("x")
    for value in (str(forged), TOKEN, "", "x.y.z"):
        headers = {"Cookie": f"testmode_session_80={value}"}
        assert (
            harness.app.test_client(use_cookies=False).get(f"{ADMIN_PREFIX}/sandboxes", headers=headers).status_code
            == 401
        )


CROSS_SITE_HEADERS: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8081"},
    {"Origin": "https://localhost"},
]
SAME_ORIGIN_HEADERS: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {},
]


@pytest.mark.parametrize("headers", CROSS_SITE_HEADERS, ids=str)
@pytest.mark.parametrize(
    "path", [f"{ADMIN_PREFIX}/sandboxes/kota/reset", f"{ADMIN_PREFIX}/console/sandboxes/kota/reset", SIGN_IN], ids=str
)
def test_a_cross_site_request_with_the_cookie_is_refused(harness: Harness, path: str, headers: dict[str, str]) -> None:
    client = sign_in_client(harness)
    harness.admin("PUT", "/sandboxes/kota/clock", {"action": "advance", "by": "1d"})
    before = harness.engine.sandboxes["kota"].epoch
    answer = client.post(path, data={"token": TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json["detail"]  # type: ignore[index]
    assert harness.engine.sandboxes["kota"].epoch == before


@pytest.mark.parametrize("headers", SAME_ORIGIN_HEADERS, ids=str)
def test_a_same_origin_request_is_accepted(harness: Harness, headers: dict[str, str]) -> None:
    answer = sign_in_client(harness).post(f"{ADMIN_PREFIX}/console/sandboxes/kota/reset", headers=headers)
    assert answer.status_code == 303


def test_a_request_with_the_bearer_token_is_accepted_from_any_origin(harness: Harness) -> None:
    headers = {"Origin": "http://somewhere.test", "Sec-Fetch-Site": "cross-site"}
    answer = harness.admin("POST", "/sandboxes/kota/reset", headers=headers)
    assert answer.status_code == 200
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def check_security_headers(answer: TestResponse) -> None:
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_page_sends_security_headers(harness: Harness) -> None:
    client = sign_in_client(harness)
    harness.request("GET", "/v1/sectors")
    paths = [path.replace("/any/", "/smartepi/") for method, path in rules(harness) if method == "GET"]
    pages = [path.replace("requests/any", "requests/req_1") for path in paths if "/console/" in path or path[-1] == "/"]
    assert len(pages) > 10
    for path in [*pages, SIGN_IN, f"{ADMIN_PREFIX}/console/static/console.js"]:
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        check_security_headers(answer)
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:|hx-on", answer.text), path
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path


@pytest.mark.parametrize("file", ["nothing.css", "..%2frender.py", "%2e%2e/render.py", "sign_in.html", "__init__.py"])
def test_only_static_files_are_served(harness: Harness, file: str) -> None:
    answer = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/static/{file}", headers={"Accept": "*/*"})
    assert answer.status_code == 404


XSS_PAYLOADS: list[str] = [
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><a href="javascript:alert(1)">',
    "{{ 7 * 7 }}",
]


@pytest.mark.parametrize("payload", XSS_PAYLOADS)
def test_request_content_is_shown_as_text_and_never_as_html(harness: Harness, payload: str) -> None:
    client = sign_in_client(harness)
    harness.request(
        "POST",
        f"/v1/sectors?{payload}={payload}",
        data=payload,
        headers={"X-Evil": payload, "Content-Type": "text/plain"},
    )
    harness.request("POST", "/v1/sectors", json={"name": payload})
    newest = harness.admin("GET", "/sandboxes/smartepi/requests").json["requests"]
    sandbox_path = f"{ADMIN_PREFIX}/console/sandboxes/smartepi"
    pages = [f"requests/{call['id']}" for call in newest] + ["requests", "data/sectors", "requests/rows"]
    html = "".join(client.get(f"{sandbox_path}/{page}").text for page in pages)
    assert payload not in html or "{{" in payload
    assert "alert" in html or "{{ 7 * 7 }}" in html
    assert "49" not in re.findall(r"X-Evil</th><td>(.*?)</td>", html)


def test_a_body_is_shown_up_to_its_first_64_kib(harness: Harness) -> None:
    harness.request("POST", "/v1/sectors", data=b"x" * 200_000, headers={"Content-Type": "text/plain"})
    page = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/sandboxes/smartepi/requests/req_1").text
    assert "x" * 65_536 in page
    assert "x" * 65_537 not in page
    assert "195.3 KiB, of which the first 64 KiB are stored" in page


@pytest.mark.parametrize(
    "path", ["sandboxes/nothing/requests", "sandboxes/smartepi/requests/req_9", "sandboxes/x/data"]
)
def test_an_unknown_record_gets_an_error_page(harness: Harness, path: str) -> None:
    answer = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/{path}")
    assert answer.status_code == 404
    assert "there is no" in answer.text
    check_security_headers(answer)


def list_secrets(harness: Harness) -> Any:
    return [each["secret"] for each in harness.admin("GET", "/sandboxes/smartepi/keys").json]


def test_an_opened_call_does_not_show_the_key_it_was_sent_with(harness: Harness) -> None:
    harness.request("GET", "/v1/sectors")
    page = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/sandboxes/smartepi/requests/req_1").text
    assert all(secret not in page for secret in list_secrets(harness))
