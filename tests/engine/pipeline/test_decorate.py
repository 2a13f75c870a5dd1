"""The headers that a provider sets on every response."""

from __future__ import annotations

import pytest

from tests.support.harness import Harness


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/v1/notes", "right", 200),
        ("GET", "/v1/notes", "wrong", 401),
        ("GET", "/nothing", "right", 404),
        ("PUT", "/v1/notes", "right", 405),
        ("POST", "/v1/notes", "right", 400),
    ],
)
def test_every_response_is_decorated_once(acme: Harness, method: str, path: str, key: str, status: int) -> None:
    response = acme.request(method, path, key=acme.key() if key == "right" else key)
    assert response.status_code == status
    assert response.headers.getlist("X-Acme") == ["1"]


@pytest.mark.parametrize("kind", ["status", "rate_limited", "key_not_propagated", "idempotency_conflict"])
def test_a_fault_response_of_the_provider_is_decorated_too(acme: Harness, kind: str) -> None:
    acme.admin("POST", f"/sandboxes/{acme.sandbox.id}/faults", {"fault": {"kind": kind}})
    assert acme.request("GET", "/v1/notes").headers.getlist("X-Acme") == ["1"]


def test_a_load_balancer_response_is_not_decorated(acme: Harness) -> None:
    acme.admin("POST", f"/sandboxes/{acme.sandbox.id}/faults", {"fault": {"kind": "gateway"}})
    assert "X-Acme" not in acme.request("GET", "/v1/notes").headers
