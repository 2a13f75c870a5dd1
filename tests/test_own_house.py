"""An API of one's own is a provider like any other: nothing that is sent breaks it, and all that is shared works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.openapi import schemas
from tests.own_api import DOCUMENTS, Own, answers, document, library, written
from tests.test_house_rules import IDS, QUERIES, UNREADABLE


@pytest.fixture(scope="module")
def house() -> Own:
    own = library()
    own.world.admin("PATCH", own.sandbox, {"limits": {"rate": 1_000_000, "burst": 10_000_000}})
    return own


OPERATIONS = Own(DOCUMENTS / "library.yaml").provider.operations


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
