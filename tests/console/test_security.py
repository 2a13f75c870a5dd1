"""Who gets into the console, and what cannot be done to whoever is in it."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from mockserver.admin import gate
from mockserver.admin.api import PREFIX
from mockserver.app import create_app
from tests.support.worlds import TOKEN, World

HTML = {"Accept": "text/html,application/xhtml+xml"}
SIGN_IN = f"{PREFIX}/console/sign-in"
OPEN = {SIGN_IN, f"{PREFIX}/console/static/<file>"}
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


def signed_in(world: World) -> FlaskClient:
    client = world.app.test_client()
    answer = client.post(SIGN_IN, data={"token": TOKEN})
    assert (answer.status_code, answer.location) == (303, f"{PREFIX}/")
    return client


def rules(world: World) -> list[tuple[str, str]]:
    """Every method and address of ours, with its names filled in."""
    all = create_app(world.engine).url_map.iter_rules()
    mine = [rule for rule in all if rule.rule.startswith(PREFIX) and rule.rule not in OPEN]
    return [(method, re.sub(r"<\w+>", "any", rule.rule)) for rule in mine for method in sorted(rule.methods or ())]


def test_every_rule_is_closed_without_a_session_and_sends_a_browser_to_the_door(world: World) -> None:
    client = world.app.test_client()
    walked = rules(world)
    assert len([path for _, path in walked if "/console/" in path]) > 30
    for method, path in walked:
        assert client.open(path, method=method).status_code == 401, path
        answer = client.open(path, method=method, headers=HTML)
        assert answer.status_code == (303 if method in ("GET", "HEAD") else 401), path
        if answer.status_code == 303:
            assert answer.location == f"{SIGN_IN}?next={path}"


def test_without_a_session_nothing_happens(world: World) -> None:
    client = world.app.test_client()
    client.post(f"{PREFIX}/console/sandboxes", data={"provider": "kota", "name": "sneaked"}, headers=HTML)
    client.post(f"{PREFIX}/console/sandboxes/kota/failures/scenarios/outage/on", headers=HTML)
    assert "sneaked" not in world.engine.sandboxes
    assert world.admin("GET", "/sandboxes/kota").json["scenarios"] == []


def test_a_wrong_token_is_told_so_and_gets_no_cookie(world: World) -> None:
    for wrong in ("", "wrong", TOKEN[:-1], f"{TOKEN}x", "tøken"):
        answer = world.app.test_client().post(SIGN_IN, data={"token": wrong})
        assert answer.status_code == 401
        assert "That is not the token" in answer.text
        assert "Set-Cookie" not in answer.headers


def test_the_door_takes_a_plain_form_and_no_files(world: World) -> None:
    client = world.app.test_client()
    upload = {"token": TOKEN, "file": (BytesIO(b"x" * 1_000), "x")}
    assert client.post(SIGN_IN, data=upload, content_type="multipart/form-data").status_code == 401
    assert client.post(SIGN_IN, json={"token": TOKEN}).status_code == 401
    assert client.post(SIGN_IN, data={"token": "x" * 1_000_000}).status_code == 401


def test_the_cookie_is_for_the_console_alone_and_does_not_hold_the_token(world: World) -> None:
    answer = world.app.test_client().post(SIGN_IN, data={"token": TOKEN})
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", f"Path={PREFIX}", f"Max-Age={12 * 3600}"):
        assert part in cookie.split("; ")
    assert TOKEN not in cookie
    assert cookie.startswith("testmode_session_80=")
    secure = world.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="https://localhost")
    assert "Secure" in secure.headers["Set-Cookie"]


def test_two_servers_on_one_machine_do_not_sign_each_other_out(world: World) -> None:
    answer = world.app.test_client().post(SIGN_IN, data={"token": TOKEN}, base_url="http://127.0.0.1:9001")
    assert answer.headers["Set-Cookie"].startswith("testmode_session_9001=")


@pytest.mark.parametrize(
    "there",
    ["//evil.test/", "https://evil.test/", "/\\evil.test", "/smartepi/v1", f"{PREFIX}evil", f"{PREFIX}/\r\nX-Evil: 1"],
)
def test_signing_in_leads_nowhere_else(world: World, there: str) -> None:
    client = world.app.test_client()
    answer = client.post(SIGN_IN, data={"token": TOKEN, "next": there})
    assert (answer.status_code, answer.location) == (303, f"{PREFIX}/")
    assert "X-Evil" not in answer.headers


def test_signing_in_leads_back_to_where_one_wanted_to_go(world: World) -> None:
    client = world.app.test_client()
    wanted = f"{PREFIX}/console/sandboxes/kota/failures?from=req_1&n=2"
    door = client.get(wanted, headers=HTML)
    shown = client.get(door.location).text
    assert 'value="/__admin/console/sandboxes/kota/failures?from=req_1&amp;n=2"' in shown
    assert client.post(SIGN_IN, data={"token": TOKEN, "next": wanted}).location == wanted


def test_whoever_is_signed_in_may_ask_the_admin_api_too(world: World) -> None:
    client = signed_in(world)
    assert client.get(f"{PREFIX}/sandboxes").status_code == 200
    assert client.post(f"{PREFIX}/sandboxes/kota/reset").status_code == 200


def test_signing_out_ends_the_session_for_a_copy_of_the_cookie_too(world: World) -> None:
    client = signed_in(world)
    cookie = client.get_cookie("testmode_session_80", path=PREFIX)
    assert cookie is not None
    copy = {"Cookie": f"testmode_session_80={cookie.value}"}
    assert world.app.test_client(use_cookies=False).get(f"{PREFIX}/sandboxes", headers=copy).status_code == 200
    assert client.post(f"{PREFIX}/console/sign-out").location == SIGN_IN
    assert client.get(f"{PREFIX}/sandboxes").status_code == 401
    assert world.app.test_client(use_cookies=False).get(f"{PREFIX}/sandboxes", headers=copy).status_code == 401


def test_a_session_ends_after_a_while_and_a_made_up_one_never_began(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(world)
    monkeypatch.setattr(gate, "LASTS", -1)
    assert client.get(f"{PREFIX}/sandboxes").status_code == 401
    monkeypatch.undo()
    assert client.get(f"{PREFIX}/sandboxes").status_code == 200
    forged = URLSafeTimedSerializer("another token", salt="testmode console session").dumps("x")
    for value in (str(forged), TOKEN, "", "x.y.z"):
        headers = {"Cookie": f"testmode_session_80={value}"}
        assert world.app.test_client(use_cookies=False).get(f"{PREFIX}/sandboxes", headers=headers).status_code == 401


ELSEWHERE: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": "http://localhost:8081"},
    {"Origin": "https://localhost"},
]
HERE: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize(
    "path", [f"{PREFIX}/sandboxes/kota/reset", f"{PREFIX}/console/sandboxes/kota/reset", SIGN_IN], ids=str
)
def test_what_another_site_makes_the_browser_send_is_refused(world: World, path: str, headers: dict[str, str]) -> None:
    client = signed_in(world)
    world.admin("PUT", "/sandboxes/kota/clock", {"action": "advance", "by": "1d"})
    before = world.engine.sandboxes["kota"].epoch
    answer = client.post(path, data={"token": TOKEN}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json["detail"]  # type: ignore[index]
    assert world.engine.sandboxes["kota"].epoch == before


@pytest.mark.parametrize("headers", HERE, ids=str)
def test_what_the_pages_themselves_send_is_taken(world: World, headers: dict[str, str]) -> None:
    answer = signed_in(world).post(f"{PREFIX}/console/sandboxes/kota/reset", headers=headers)
    assert answer.status_code == 303


def test_the_bearer_token_goes_on_as_it_was_wherever_it_comes_from(world: World) -> None:
    headers = {"Origin": "http://somewhere.test", "Sec-Fetch-Site": "cross-site"}
    answer = world.admin("POST", "/sandboxes/kota/reset", headers=headers)
    assert answer.status_code == 200
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def hardened(answer: TestResponse) -> None:
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_page_keeps_everything_else_out(world: World) -> None:
    client = signed_in(world)
    world.ask("GET", "/v1/sectors")
    walked = [path.replace("/any/", "/smartepi/") for method, path in rules(world) if method == "GET"]
    pages = [
        path.replace("requests/any", "requests/req_1") for path in walked if "/console/" in path or path[-1] == "/"
    ]
    assert len(pages) > 10
    for path in [*pages, SIGN_IN, f"{PREFIX}/console/static/console.js"]:
        answer = client.get(path)
        assert answer.status_code in (200, 404), path
        hardened(answer)
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:|hx-on", answer.text), path
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path


@pytest.mark.parametrize("file", ["nothing.css", "..%2frender.py", "%2e%2e/render.py", "sign_in.html", "__init__.py"])
def test_no_other_file_of_ours_is_served(world: World, file: str) -> None:
    answer = signed_in(world).get(f"{PREFIX}/console/static/{file}", headers={"Accept": "*/*"})
    assert answer.status_code == 404


EVIL: list[str] = [
    "<script>alert(1)</script>",
    "</pre><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><a href="javascript:alert(1)">',
    "{{ 7 * 7 }}",
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_client_sends_is_shown_as_text_and_never_as_html(world: World, evil: str) -> None:
    client = signed_in(world)
    world.ask("POST", f"/v1/sectors?{evil}={evil}", data=evil, headers={"X-Evil": evil, "Content-Type": "text/plain"})
    world.ask("POST", "/v1/sectors", json={"name": evil})
    newest = world.admin("GET", "/sandboxes/smartepi/requests").json["requests"]
    here = f"{PREFIX}/console/sandboxes/smartepi"
    pages = [f"requests/{call['id']}" for call in newest] + ["requests", "data/sectors", "requests/rows"]
    seen = "".join(client.get(f"{here}/{page}").text for page in pages)
    assert evil not in seen or "{{" in evil
    assert "alert" in seen or "{{ 7 * 7 }}" in seen
    assert "49" not in re.findall(r"X-Evil</th><td>(.*?)</td>", seen)


def test_a_body_is_shown_up_to_its_first_64_kib(world: World) -> None:
    world.ask("POST", "/v1/sectors", data=b"x" * 200_000, headers={"Content-Type": "text/plain"})
    page = signed_in(world).get(f"{PREFIX}/console/sandboxes/smartepi/requests/req_1").text
    assert "x" * 65_536 in page
    assert "x" * 65_537 not in page
    assert "195.3 KiB, of which the first 64 KiB are kept" in page


@pytest.mark.parametrize(
    "path", ["sandboxes/nothing/requests", "sandboxes/smartepi/requests/req_9", "sandboxes/x/data"]
)
def test_what_is_not_there_is_said_on_a_page(world: World, path: str) -> None:
    answer = signed_in(world).get(f"{PREFIX}/console/{path}")
    assert answer.status_code == 404
    assert "there is no" in answer.text
    hardened(answer)


def secrets_of(world: World) -> Any:
    return [each["secret"] for each in world.admin("GET", "/sandboxes/smartepi/keys").json]


def test_an_opened_call_does_not_show_the_key_it_was_sent_with(world: World) -> None:
    world.ask("GET", "/v1/sectors")
    page = signed_in(world).get(f"{PREFIX}/console/sandboxes/smartepi/requests/req_1").text
    assert all(secret not in page for secret in secrets_of(world))
