"""An API of one's own: security schemes are honoured with minted keys."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.openapi_worlds import Own, answers, document, library, written

SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "custom": {"type": "http", "scheme": "Token"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "authorization": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
    "oauth": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "/a", "scopes": {"read": "", "write": ""}}}},
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example/.well-known"},
}


def guarded(folder: Path, *security: dict[str, list[str]]) -> Own:
    said = document(
        {"/x": {"get": {"security": list(security), "responses": answers({"type": "object"})}}},
        components={"securitySchemes": SCHEMES},
    )
    return Own(written(folder, said))


def status(own: Own, *, query: str = "", **headers: str) -> int:
    client = own.world.app.test_client(use_cookies=False)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/small/x{query}", headers=sent).status_code


def basic(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


SHOWN: dict[str, Any] = {
    "bearer": lambda key: {"Authorization": f"Bearer {key}"},
    "basic": lambda key: {"Authorization": basic(key, "")},
    "custom": lambda key: {"Authorization": f"Token {key}"},
    "header": lambda key: {"X_Api_Key": key},
    "authorization": lambda key: {"Authorization": key},
    "query": lambda key: {"query": f"?key={quote(key)}"},
    "cookie": lambda key: {"Cookie": f"a=b; session={key}"},
    "oauth": lambda key: {"Authorization": f"bearer {key}"},
    "oidc": lambda key: {"Authorization": f"Bearer {key}"},
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_lets_a_minted_key_in_and_no_other(tmp_path: Path, scheme: str) -> None:
    own = guarded(tmp_path, {scheme: []})
    assert status(own, **SHOWN[scheme](own.world.key())) == 200
    assert status(own, **SHOWN[scheme]("test_made_up")) == 401
    assert status(own) == 401


def test_a_key_may_be_the_name_or_the_password(tmp_path: Path) -> None:
    own = guarded(tmp_path, {"basic": []})
    assert status(own, Authorization=basic("anybody", own.world.key())) == 200
    assert status(own, Authorization="Basic !!!") == 401


def test_any_requirement_will_do_and_all_its_schemes_are_needed(tmp_path: Path) -> None:
    own = guarded(tmp_path, {"header": [], "query": []}, {"bearer": []})
    key = own.world.key()
    assert status(own, X_Api_Key=key) == 401
    assert status(own, X_Api_Key=key, query=f"?key={key}") == 200
    assert status(own, X_Api_Key=key, query="?key=wrong") == 401
    assert status(own, Authorization=f"Bearer {key}") == 200


def test_an_operation_without_requirements_is_open_and_an_empty_one_is_optional(tmp_path: Path) -> None:
    assert library().world.ask("GET", "/api/v1/report", key=None).status_code == 200
    own = guarded(tmp_path, {"bearer": []}, {})
    assert status(own) == 200
    assert status(own, Authorization="Bearer wrong") == 401


def test_a_key_needs_the_scopes_an_operation_names(tmp_path: Path) -> None:
    own = guarded(tmp_path, {"oauth": ["write"]})
    assert own.provider.keys.scopes == ("read", "write")
    reader = own.world.admin("POST", f"{own.sandbox}/keys", {"scopes": ["read"]}).json["secret"]
    assert status(own, Authorization=f"Bearer {own.world.key()}") == 200
    assert status(own, Authorization=f"Bearer {reader}") == 403


def test_a_key_isolates_its_sandbox_and_can_be_revoked(tmp_path: Path) -> None:
    own = library()
    other = own.world.admin("POST", "/sandboxes", {"provider": "library", "name": "mine"}).json["keys"][0]
    key = {"X-Token": other["secret"]}
    id = own.ask("POST", "/authors", json={"name": "Ada"}, headers=key).json["id"]
    assert own.ask("GET", f"/authors/{id}", headers=key).status_code == 200
    assert own.ask("GET", f"/authors/{id}").status_code == 404
    own.world.admin("DELETE", f"/sandboxes/mine/keys/{other['id']}")
    assert own.ask("GET", "/authors", headers=key).status_code == 401


def test_a_foreign_secret_beside_the_key_does_not_hide_its_sandbox(tmp_path: Path) -> None:
    own = guarded(tmp_path, {"header": []})
    made = own.world.admin("POST", "/sandboxes", {"provider": "small", "name": "mine"}).json["keys"][0]["secret"]
    assert status(own, X_Api_Key=made, Authorization="Bearer of-another-service") == 200


def test_a_key_in_a_query_is_not_readable_in_the_journal(tmp_path: Path) -> None:
    own = guarded(tmp_path, {"query": []})
    key = own.world.key()
    status(own, query=f"?key={key}")
    assert key not in own.world.admin("GET", f"{own.sandbox}/requests").text
