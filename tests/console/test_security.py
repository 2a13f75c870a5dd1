"""Who gets into the console, and what cannot be done to whoever is in it."""

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
    """Every method and address of ours, with its names filled in."""
    all = create_app(harness.engine).url_map.iter_rules()
    mine = [rule for rule in all if rule.rule.startswith(ADMIN_PREFIX) and rule.rule not in UNAUTHENTICATED_ROUTES]
    return [(method, re.sub(r"<\w+>", "any", rule.rule)) for rule in mine for method in sorted(rule.methods or ())]


def test_every_route_requires_a_session_and_redirects_a_browser_to_sign_in(harness: Harness) -> None:
    client = harness.app.test_client()
    walked = rules(harness)
    assert len([path for _, path in walked if "/console/" in path]) > 30
    for method, path in walked:
        assert client.open(path, method=method).status_code == 401, path
        answer = client.open(path, method=method, headers=HTML)
        assert answer.status_code == (303 if method in ("GET", "HEAD") else 401), path
        if answer.status_code == 303:
            assert answer.location == f"{SIGN_IN}?next={path}"


def test_without_a_session_nothing_happens(harness: Harness) -> None:
    client = harness.app.test_client()
    client.post(f"{ADMIN_PREFIX}/console/sandboxes", data={"provider": "kota", "name": "sneaked"}, headers=HTML)
    client.post(f"{ADMIN_PREFIX}/console/sandboxes/kota/failures/scenarios/outage/on", headers=HTML)
    assert "sneaked" not in harness.engine.sandboxes
    assert harness.admin("GET", "/sandboxes/kota").json["scenarios"] == []


def test_a_wrong_token_is_told_so_and_gets_no_cookie(harness: Harness) -> None:
    for wrong in ("", "wrong", TOKEN[:-1], f"{TOKEN}x", "tøken"):
        answer = harness.app.test_client().post(SIGN_IN, data={"token": wrong})
        assert answer.status_code == 401
        assert "That is not the token" in answer.text
        assert "Set-Cookie" not in answer.headers


def test_the_door_takes_a_plain_form_and_no_files(harness: Harness) -> None:
    client = harness.app.test_client()
    upload = {"token": TOKEN, "file": (BytesIO(b"x" * 1_000), "x")}
    assert client.post(SIGN_IN, data=upload, content_type="multipart/form-data").status_code == 401
    assert client.post(SIGN_IN, json={"token": TOKEN}).status_code == 401
    assert client.post(SIGN_IN, data={"token": "x" * 1_000_000}).status_code == 401


def test_the_cookie_is_for_the_console_alone_and_does_not_hold_the_token(harness: Harness) -> None:
    answer = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", f"Path={ADMIN_PREFIX}", f"Max-Age={12 * 3600}"):
        assert part in cookie.split("; ")
    assert TOKEN not in cookie
    assert cookie.startswith("testmode_session_80=")
    secure = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]


def test_two_servers_on_one_machine_do_not_sign_each_other_out(harness: Harness) -> None:
    answer = harness.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="http://127.0.0.1:9001")
    assert answer.headers["Set-Cookie"].startswith("testmode_session_9001=")


@pytest.mark.parametrize(
    "there",
    [
        "//evil.test/",
        "https://evil.test/",
        "/\\evil.test",
        "/smartepi/v1",
        f"{ADMIN_PREFIX}evil",
        f"{ADMIN_PREFIX}/\r\nX-Evil: 1",
    ],
)
def test_sign_in_does_not_redirect_to_another_site(harness: Harness, there: str) -> None:
    client = harness.app.test_client()
    answer = client.post(SIGN_IN, data={"token": TOKEN, "next": there})
    assert (answer.status_code, answer.location) == (303, f"{ADMIN_PREFIX}/")
    assert "X-Evil" not in answer.headers


def test_signing_in_leads_back_to_where_one_wanted_to_go(harness: Harness) -> None:
    client = harness.app.test_client()
    wanted = f"{ADMIN_PREFIX}/console/sandboxes/kota/failures?from=req_1&n=2"
    door = client.get(wanted, headers=HTML)
    shown = client.get(door.location).text
    assert 'value="/__admin/console/sandboxes/kota/failures?from=req_1&amp;n=2"' in shown
    assert client.post(SIGN_IN, data={"token": TOKEN, "next": wanted}).location == wanted


def test_whoever_is_signed_in_may_ask_the_admin_api_too(harness: Harness) -> None:
    client = sign_in_client(harness)
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 200
    assert client.post(f"{ADMIN_PREFIX}/sandboxes/kota/reset").status_code == 200


def test_signing_out_ends_the_session_for_a_copy_of_the_cookie_too(harness: Harness) -> None:
    client = sign_in_client(harness)
    cookie = client.get_cookie("testmode_session_80", path=ADMIN_PREFIX)
    assert cookie is not None
    copy = {"Cookie": f"testmode_session_80={cookie.value}"}
    assert harness.app.test_client(use_cookies=False).get(f"{ADMIN_PREFIX}/sandboxes", headers=copy).status_code == 200
    assert client.post(f"{ADMIN_PREFIX}/console/sign-out").location == SIGN_IN
    assert client.get(f"{ADMIN_PREFIX}/sandboxes").status_code == 401
    assert harness.app.test_client(use_cookies=False).get(f"{ADMIN_PREFIX}/sandboxes", headers=copy).status_code == 401


def test_a_session_ends_after_a_while_and_a_made_up_one_never_began(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
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
def test_what_another_site_makes_the_browser_send_is_refused(
    harness: Harness, path: str, headers: dict[str, str]
) -> None:
    client = sign_in_client(harness)
    harness.admin("PUT", "/sandboxes/kota/clock", {"action": "advance", "by": "1d"})
    before = harness.engine.sandboxes["kota"].epoch
    answer = client.post(path, data={"token": TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json["detail"]  # type: ignore[index]
    assert harness.engine.sandboxes["kota"].epoch == before


@pytest.mark.parametrize("headers", SAME_ORIGIN_HEADERS, ids=str)
def test_what_the_pages_themselves_send_is_taken(harness: Harness, headers: dict[str, str]) -> None:
    answer = sign_in_client(harness).post(f"{ADMIN_PREFIX}/console/sandboxes/kota/reset", headers=headers)
    assert answer.status_code == 303


def test_the_bearer_token_goes_on_as_it_was_wherever_it_comes_from(harness: Harness) -> None:
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
    walked = [path.replace("/any/", "/smartepi/") for method, path in rules(harness) if method == "GET"]
    pages = [
        path.replace("requests/any", "requests/req_1") for path in walked if "/console/" in path or path[-1] == "/"
    ]
    assert len(pages) > 10
    for path in [*pages, SIGN_IN, f"{ADMIN_PREFIX}/console/static/console.js"]:
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        check_security_headers(answer)
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:|hx-on", answer.text), path
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path


@pytest.mark.parametrize("file", ["nothing.css", "..%2frender.py", "%2e%2e/render.py", "sign_in.html", "__init__.py"])
def test_no_other_file_of_ours_is_served(harness: Harness, file: str) -> None:
    answer = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/static/{file}", headers={"Accept": "*/*"})
    assert answer.status_code == 404


XSS_PAYLOADS: list[str] = [
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><a href="javascript:alert(1)">',
    "{{ 7 * 7 }}",
]


@pytest.mark.parametrize("evil", XSS_PAYLOADS)
def test_what_a_client_sends_is_shown_as_text_and_never_as_html(harness: Harness, evil: str) -> None:
    client = sign_in_client(harness)
    harness.request(
        "POST", f"/v1/sectors?{evil}={evil}", data=evil, headers={"X-Evil": evil, "Content-Type": "text/plain"}
    )
    harness.request("POST", "/v1/sectors", json={"name": evil})
    newest = harness.admin("GET", "/sandboxes/smartepi/requests").json["requests"]
    here = f"{ADMIN_PREFIX}/console/sandboxes/smartepi"
    pages = [f"requests/{call['id']}" for call in newest] + ["requests", "data/sectors", "requests/rows"]
    seen = "".join(client.get(f"{here}/{page}").text for page in pages)
    assert evil not in seen or "{{" in evil
    assert "alert" in seen or "{{ 7 * 7 }}" in seen
    assert "49" not in re.findall(r"X-Evil</th><td>(.*?)</td>", seen)


def test_a_body_is_shown_up_to_its_first_64_kib(harness: Harness) -> None:
    harness.request("POST", "/v1/sectors", data=b"x" * 200_000, headers={"Content-Type": "text/plain"})
    page = sign_in_client(harness).get(f"{ADMIN_PREFIX}/console/sandboxes/smartepi/requests/req_1").text
    assert "x" * 65_536 in page
    assert "x" * 65_537 not in page
    assert "195.3 KiB, of which the first 64 KiB are kept" in page


@pytest.mark.parametrize(
    "path", ["sandboxes/nothing/requests", "sandboxes/smartepi/requests/req_9", "sandboxes/x/data"]
)
def test_what_is_not_there_is_said_on_a_page(harness: Harness, path: str) -> None:
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
