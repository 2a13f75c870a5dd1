"""An API from a document as a provider: no request breaks it, and the features of the engine work with it."""

from __future__ import annotations

import re
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from mockserver.app import fixtures_folder
from mockserver.http import edge
from mockserver.openapi import load_provider
from mockserver.openapi.document import schemas
from tests.project.test_provider_conformance import IDS, QUERIES, UNREADABLE_BODIES
from tests.support.openapi_harness import OpenApiHarness, document, json_responses, library, write_document
from tests.support.paths import OPENAPI_DOCUMENTS
from tests.support.redis_cluster import make_cluster
from tests.support.redis_server import shared_redis
from tests.support.socket_server import serve_on_socket


@pytest.fixture(scope="module")
def library_api() -> OpenApiHarness:
    api = library()
    api.harness.admin("PATCH", api.sandbox, {"limits": {"rate": 1_000_000, "burst": 10_000_000}})
    return api


OPERATIONS = OpenApiHarness(OPENAPI_DOCUMENTS / "library.yaml").provider.operations


def request_status(api: OpenApiHarness, method: str, path: str, **options: Any) -> int:
    key = api.harness.key()
    headers = {"X-Token": key, "Authorization": f"Bearer {key}", **options.pop("headers", {})}
    return api.harness.request(method, path, key=None, headers=headers, **options).status_code


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_id_query_or_body_breaks_an_operation(library_api: OpenApiHarness, operation: Any) -> None:
    for id in IDS:
        assert request_status(library_api, operation.method, re.sub(r"{\w+}", id, operation.path), json={}) < 500
    path = re.sub(r"{\w+}", "1", operation.path)
    for query in QUERIES.values():
        assert request_status(library_api, operation.method, f"{path}?{query}") < 500
    for body in UNREADABLE_BODIES.values():
        for kind in ("application/json", "application/merge-patch+json", "multipart/form-data", "text/plain; x"):
            assert request_status(library_api, operation.method, path, data=body, headers={"Content-Type": kind}) < 500


def test_a_request_that_a_fault_hit_can_be_repeated_with_its_idempotency_key() -> None:
    api = library()
    rule = {"match": {"method": "POST"}, "trigger": {"times": 1}, "fault": {"kind": "status", "status": 503}}
    assert api.harness.admin("POST", f"{api.sandbox}/faults", rule).status_code == 201
    options: Any = {"json": {"name": "Ada"}, "headers": {"Idempotency-Key": "k"}}
    assert api.request("POST", "/authors", **options).status_code == 503
    created = api.request("POST", "/authors", **options)
    assert created.status_code == 201
    assert api.request("POST", "/authors", **options).data == created.data


def test_an_injected_refusal_has_the_shape_that_the_document_declares() -> None:
    api = library()
    api.harness.admin("POST", f"{api.sandbox}/faults", {"fault": {"kind": "status", "status": 404}})
    response = api.request("GET", "/authors")
    assert (response.status_code, set(response.json)) == (404, {"error"})


def test_the_cache_of_schemas_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_MAX_CACHED", 30)
    schema = {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}}
    api = OpenApiHarness(write_document(tmp_path, document({"/x": {"get": {"responses": json_responses(schema)}}})))
    for nth in range(100):
        assert api.request("GET", f"/x?n={nth}").status_code == 200


@pytest.mark.parametrize("name", [file.stem for file in sorted((fixtures_folder() / "scenarios").glob("*.json"))])
def test_every_scenario_can_be_switched_on_and_off(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api = library()
    monkeypatch.setattr(edge, "sleep", lambda seconds: sleep(min(seconds, 0.05)))
    before = api.harness.admin("GET", api.sandbox).json
    switched_on = api.harness.admin("PUT", f"{api.sandbox}/scenarios/{name}", {})
    assert switched_on.status_code == 200, switched_on.text
    path = f"/{api.provider.name}{api.provider.prefix}/authors"
    with serve_on_socket(api.harness) as client:
        for nth in range(8):
            headers = {"X-Token": api.harness.key(), "Idempotency-Key": f"{nth // 2}"}
            with suppress(OSError, HTTPException):
                response = client.request("POST", path, json={"name": "Ada"}, headers=headers)
                assert response.status in {201, 401, 403, 409, 429, 500, 502, 503, 504}
                assert "X-Testmode-Bug" not in response.headers
    assert api.harness.admin("DELETE", f"{api.sandbox}/scenarios/{name}").status_code == 204
    after = api.harness.admin("GET", api.sandbox).json
    assert after | {"clock": before["clock"]} == before


def test_an_outage_ends_after_its_duration() -> None:
    api = library()
    api.harness.admin("PUT", f"{api.sandbox}/scenarios/outage-then-recovery", {"duration": "90s"})
    assert api.request("GET", "/authors").status_code == 503
    api.harness.advance("91s", api.provider.name)
    assert api.request("GET", "/authors").status_code == 200


def test_several_processes_serve_the_same_records() -> None:
    with make_cluster(shared_redis().flushed_url(), load_provider(OPENAPI_DOCUMENTS / "library.yaml")) as (one, other):
        name = next(iter(one.engine.providers))
        options: Any = {"key": None, "json": {"name": "Ada"}}
        headers = {"X-Token": next(iter(one.engine.get_sandbox(name).keys)), "Idempotency-Key": "k"}
        path = f"{one.engine.get_provider(name).prefix}/authors"
        created = one.request("POST", path, headers=headers, **options)
        assert created.status_code == 201, created.text
        assert other.request("GET", f"{path}/{created.json['id']}", key=None, headers=headers).json == created.json
        assert other.request("POST", path, headers=headers, **options).data == created.data
        assert other.request("DELETE", f"{path}/{created.json['id']}", key=None, headers=headers).status_code == 204
        assert one.request("GET", f"{path}/{created.json['id']}", key=None, headers=headers).status_code == 404
