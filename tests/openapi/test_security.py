"""An API from a document: its security schemes accept the keys of the sandbox."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.openapi_harness import OpenApiHarness, document, json_responses, library, write_document

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


def make_secured_api(folder: Path, *security: dict[str, list[str]]) -> OpenApiHarness:
    spec = document(
        {"/x": {"get": {"security": list(security), "responses": json_responses({"type": "object"})}}},
        components={"securitySchemes": SCHEMES},
    )
    return OpenApiHarness(write_document(folder, spec))


def status(api: OpenApiHarness, *, query: str = "", **headers: str) -> int:
    client = api.harness.app.test_client(use_cookies=False)
    sent_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/small/x{query}", headers=sent_headers).status_code


def basic_auth(name: str, password: str) -> str:
    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


CREDENTIALS: dict[str, Any] = {
    "bearer": lambda key: {"Authorization": f"Bearer {key}"},
    "basic": lambda key: {"Authorization": basic_auth(key, "")},
    "custom": lambda key: {"Authorization": f"Token {key}"},
    "header": lambda key: {"X_Api_Key": key},
    "authorization": lambda key: {"Authorization": key},
    "query": lambda key: {"query": f"?key={quote(key)}"},
    "cookie": lambda key: {"Cookie": f"a=b; session={key}"},
    "oauth": lambda key: {"Authorization": f"bearer {key}"},
    "oidc": lambda key: {"Authorization": f"Bearer {key}"},
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_accepts_keys_of_the_sandbox_only(tmp_path: Path, scheme: str) -> None:
    api = make_secured_api(tmp_path, {scheme: []})
    assert status(api, **CREDENTIALS[scheme](api.harness.key())) == 200
    assert status(api, **CREDENTIALS[scheme]("test_made_up")) == 401
    assert status(api) == 401


def test_a_key_may_be_the_user_name_or_the_password(tmp_path: Path) -> None:
    api = make_secured_api(tmp_path, {"basic": []})
    assert status(api, Authorization=basic_auth("anybody", api.harness.key())) == 200
    assert status(api, Authorization="Basic !!!") == 401


def test_one_requirement_is_enough_and_needs_all_its_schemes(tmp_path: Path) -> None:
    api = make_secured_api(tmp_path, {"header": [], "query": []}, {"bearer": []})
    key = api.harness.key()
    assert status(api, X_Api_Key=key) == 401
    assert status(api, X_Api_Key=key, query=f"?key={key}") == 200
    assert status(api, X_Api_Key=key, query="?key=wrong") == 401
    assert status(api, Authorization=f"Bearer {key}") == 200


def test_without_requirements_no_key_is_needed_and_an_empty_requirement_makes_keys_optional(tmp_path: Path) -> None:
    assert library().harness.request("GET", "/api/v1/report", key=None).status_code == 200
    api = make_secured_api(tmp_path, {"bearer": []}, {})
    assert status(api) == 200
    assert status(api, Authorization="Bearer wrong") == 401


def test_a_key_needs_the_scopes_an_operation_names(tmp_path: Path) -> None:
    api = make_secured_api(tmp_path, {"oauth": ["write"]})
    assert api.provider.keys.scopes == ("read", "write")
    reader = api.harness.admin("POST", f"{api.sandbox}/keys", {"scopes": ["read"]}).json["secret"]
    assert status(api, Authorization=f"Bearer {api.harness.key()}") == 200
    assert status(api, Authorization=f"Bearer {reader}") == 403


def test_a_key_isolates_its_sandbox_and_can_be_revoked(tmp_path: Path) -> None:
    api = library()
    other = api.harness.admin("POST", "/sandboxes", {"provider": "library", "name": "mine"}).json["keys"][0]
    key = {"X-Token": other["secret"]}
    id = api.request("POST", "/authors", json={"name": "Ada"}, headers=key).json["id"]
    assert api.request("GET", f"/authors/{id}", headers=key).status_code == 200
    assert api.request("GET", f"/authors/{id}").status_code == 404
    api.harness.admin("DELETE", f"/sandboxes/mine/keys/{other['id']}")
    assert api.request("GET", "/authors", headers=key).status_code == 401


def test_a_credential_of_another_service_does_not_hide_the_key(tmp_path: Path) -> None:
    api = make_secured_api(tmp_path, {"header": []})
    secret = api.harness.admin("POST", "/sandboxes", {"provider": "small", "name": "mine"}).json["keys"][0]["secret"]
    assert status(api, X_Api_Key=secret, Authorization="Bearer of-another-service") == 200


def test_a_key_in_a_query_is_redacted_in_the_journal(tmp_path: Path) -> None:
    api = make_secured_api(tmp_path, {"query": []})
    key = api.harness.key()
    status(api, query=f"?key={key}")
    assert key not in api.harness.admin("GET", f"{api.sandbox}/requests").text
