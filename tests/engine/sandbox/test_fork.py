"""Forks: a new sandbox with the state of another."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Engine
from tests.support.acme import ACME
from tests.support.harness import TOKEN, Harness, make_harness


def fork_sandbox(harness: Harness, id: str = "acme", **body: Any) -> Any:
    response = harness.admin("POST", f"/sandboxes/{id}/fork", body)
    assert response.status_code == 201, response.text
    return response.json


def test_a_fork_has_the_records_the_clock_and_the_faults_of_its_original(acme: Harness) -> None:
    acme.request("POST", "/v1/notes", json={"text": "kept"})
    acme.admin("POST", "/sandboxes/acme/faults", {"id": "mine", "fault": {"kind": "status"}})
    acme.admin("PUT", "/sandboxes/acme/scenarios/lost-responses", {})
    acme.advance("90s")
    fork = fork_sandbox(acme, name="second")
    original = acme.admin("GET", "/sandboxes/acme").json
    assert fork["id"] == "second"
    assert fork["clock"] == original["clock"]
    assert fork["scenarios"] == ["lost-responses"]
    records = acme.admin("GET", "/sandboxes/second/collections/notes").json
    assert records == acme.admin("GET", "/sandboxes/acme/collections/notes").json
    assert "mine" in [rule["id"] for rule in acme.admin("GET", "/sandboxes/second/faults").json]


def test_a_fork_has_its_own_keys(acme: Harness) -> None:
    before = acme.admin("GET", "/sandboxes/acme/keys").json
    key = fork_sandbox(acme, name="second")["keys"][0]["secret"]
    assert key not in [each["secret"] for each in before]
    assert acme.admin("GET", "/sandboxes/acme/keys").json == before
    acme.request("POST", "/v1/notes", json={"text": "only in the fork"}, key=key)
    totals = [acme.admin("GET", f"/sandboxes/{id}/collections/notes").json["total"] for id in ("acme", "second")]
    assert totals[1] == totals[0] + 1


def test_a_fork_of_a_tenant_with_a_slug_has_its_own_slug(harness: Harness) -> None:
    fork = fork_sandbox(harness, "kotauth", name="second")
    assert fork["slug"] == "second"
    response = harness.app.test_client().get(
        fork["example"].removeprefix("http://localhost"),
        headers={"Authorization": f"Bearer {fork['keys'][0]['secret']}"},
    )
    assert response.status_code == 200
    assert harness.admin("GET", "/sandboxes/second/requests").json["requests"][0]["status"] == 200


def test_a_fork_without_a_name_gets_one_and_a_taken_name_is_refused(acme: Harness) -> None:
    assert fork_sandbox(acme)["id"].startswith("acme-")
    response = acme.admin("POST", "/sandboxes/acme/fork", {"name": "acme"})
    assert (response.status_code, response.json["detail"]) == (409, "there is a sandbox 'acme' already")


def test_a_fork_that_fails_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = make_harness(ACME)

    def fail(*_: Any) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(Engine, "restore", fail)
    with pytest.raises(RuntimeError, match="half way"):
        harness.admin("POST", "/sandboxes/acme/fork", {"name": "second"}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert list(harness.engine.sandboxes) == ["acme"]
