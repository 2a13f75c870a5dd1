"""An API of one's own is a provider like any other: nothing that is sent breaks it, and all that is shared works."""

from __future__ import annotations

import re
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from mockserver.app import fixtures
from mockserver.http import edge
from mockserver.openapi import provider_of
from mockserver.openapi.document import schemas
from tests.house.test_rules import IDS, QUERIES, UNREADABLE
from tests.support.engines_on_redis import fleet
from tests.support.openapi_worlds import Own, answers, document, library, written
from tests.support.paths import OPENAPI_DOCUMENTS
from tests.support.redis_server import shared_redis
from tests.support.socket_server import listening


@pytest.fixture(scope="module")
def house() -> Own:
    own = library()
    own.world.admin("PATCH", own.sandbox, {"limits": {"rate": 1_000_000, "burst": 10_000_000}})
    return own


OPERATIONS = Own(OPENAPI_DOCUMENTS / "library.yaml").provider.operations


def ask(own: Own, method: str, path: str, **options: Any) -> int:
    key = own.world.key()
    headers = {"X-Token": key, "Authorization": f"Bearer {key}", **options.pop("headers", {})}
    return own.world.ask(method, path, key=None, headers=headers, **options).status_code


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_id_query_or_body_breaks_an_operation(house: Own, operation: Any) -> None:
    for id in IDS:
        assert ask(house, operation.method, re.sub(r"{\w+}", id, operation.path), json={}) < 500
    path = re.sub(r"{\w+}", "1", operation.path)
    for query in QUERIES.values():
        assert ask(house, operation.method, f"{path}?{query}") < 500
    for body in UNREADABLE.values():
        for kind in ("application/json", "application/merge-patch+json", "multipart/form-data", "text/plain; x"):
            assert ask(house, operation.method, path, data=body, headers={"Content-Type": kind}) < 500


def test_a_request_that_met_a_fault_can_be_sent_again_with_the_same_key() -> None:
    own = library()
    rule = {"match": {"method": "POST"}, "trigger": {"times": 1}, "fault": {"kind": "status", "status": 503}}
    assert own.world.admin("POST", f"{own.sandbox}/faults", rule).status_code == 201
    sent: Any = {"json": {"name": "Ada"}, "headers": {"Idempotency-Key": "k"}}
    assert own.ask("POST", "/authors", **sent).status_code == 503
    made = own.ask("POST", "/authors", **sent)
    assert made.status_code == 201
    assert own.ask("POST", "/authors", **sent).data == made.data


def test_an_injected_refusal_is_said_as_the_document_says_refusals() -> None:
    own = library()
    own.world.admin("POST", f"{own.sandbox}/faults", {"fault": {"kind": "status", "status": 404}})
    answer = own.ask("GET", "/authors")
    assert (answer.status_code, set(answer.json)) == (404, {"error"})


def test_passing_schemas_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_MOST", 30)
    some = {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}}
    own = Own(written(tmp_path, document({"/x": {"get": {"responses": answers(some)}}})))
    for nth in range(100):
        assert own.ask("GET", f"/x?n={nth}").status_code == 200


@pytest.mark.parametrize("name", [file.stem for file in sorted((fixtures() / "scenarios").glob("*.json"))])
def test_every_scenario_is_switched_on_and_off_without_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = library()
    monkeypatch.setattr(edge, "sleep", lambda seconds: sleep(min(seconds, 0.05)))
    before = own.world.admin("GET", own.sandbox).json
    asked = own.world.admin("PUT", f"{own.sandbox}/scenarios/{name}", {})
    assert asked.status_code == 200, asked.text
    path = f"/{own.provider.name}{own.provider.prefix}/authors"
    with listening(own.world) as served:
        for nth in range(8):
            headers = {"X-Token": own.world.key(), "Idempotency-Key": f"{nth // 2}"}
            with suppress(OSError, HTTPException):
                heard = served.ask("POST", path, json={"name": "Ada"}, headers=headers)
                assert heard.status in {201, 401, 403, 409, 429, 500, 502, 503, 504}
                assert "X-Testmode-Bug" not in heard.headers
    assert own.world.admin("DELETE", f"{own.sandbox}/scenarios/{name}").status_code == 204
    after = own.world.admin("GET", own.sandbox).json
    assert after | {"clock": before["clock"]} == before


def test_an_outage_ends_when_its_clock_says_so() -> None:
    own = library()
    own.world.admin("PUT", f"{own.sandbox}/scenarios/outage-then-recovery", {"duration": "90s"})
    assert own.ask("GET", "/authors").status_code == 503
    own.world.advance("91s", own.provider.name)
    assert own.ask("GET", "/authors").status_code == 200


def test_several_processes_serve_the_same_records() -> None:
    with fleet(shared_redis().emptied(), provider_of(OPENAPI_DOCUMENTS / "library.yaml")) as (one, other):
        name = next(iter(one.engine.providers))
        sent: Any = {"key": None, "json": {"name": "Ada"}}
        secret = {"X-Token": next(iter(one.engine.sandbox(name).keys)), "Idempotency-Key": "k"}
        path = f"{one.engine.provider(name).prefix}/authors"
        made = one.ask("POST", path, headers=secret, **sent)
        assert made.status_code == 201, made.text
        assert other.ask("GET", f"{path}/{made.json['id']}", key=None, headers=secret).json == made.json
        assert other.ask("POST", path, headers=secret, **sent).data == made.data
        assert other.ask("DELETE", f"{path}/{made.json['id']}", key=None, headers=secret).status_code == 204
        assert one.ask("GET", f"{path}/{made.json['id']}", key=None, headers=secret).status_code == 404
