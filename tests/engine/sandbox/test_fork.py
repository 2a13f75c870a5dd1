"""A sandbox that goes on from where another one stands."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Engine
from tests.support.acme import ACME
from tests.support.harness import TOKEN, Harness, make_harness


def fork_sandbox(harness: Harness, id: str = "acme", **body: Any) -> Any:
    answer = harness.admin("POST", f"/sandboxes/{id}/fork", body)
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_fork_has_the_records_the_clock_and_the_faults_of_the_one_it_comes_from(acme: Harness) -> None:
    acme.request("POST", "/v1/notes", json={"text": "kept"})
    acme.admin("POST", "/sandboxes/acme/faults", {"id": "mine", "fault": {"kind": "status"}})
    acme.admin("PUT", "/sandboxes/acme/scenarios/lost-responses", {})
    acme.advance("90s")
    made = fork_sandbox(acme, name="second")
    there = acme.admin("GET", "/sandboxes/acme").json
    assert made["id"] == "second"
    assert made["clock"] == there["clock"]
    assert made["scenarios"] == ["lost-responses"]
    records = acme.admin("GET", "/sandboxes/second/collections/notes").json
    assert records == acme.admin("GET", "/sandboxes/acme/collections/notes").json
    assert "mine" in [rule["id"] for rule in acme.admin("GET", "/sandboxes/second/faults").json]


def test_a_fork_has_keys_of_its_own_and_each_leads_to_its_own_sandbox(acme: Harness) -> None:
    before = acme.admin("GET", "/sandboxes/acme/keys").json
    key = fork_sandbox(acme, name="second")["keys"][0]["secret"]
    assert key not in [each["secret"] for each in before]
    assert acme.admin("GET", "/sandboxes/acme/keys").json == before
    acme.request("POST", "/v1/notes", json={"text": "only in the fork"}, key=key)
    totals = [acme.admin("GET", f"/sandboxes/{id}/collections/notes").json["total"] for id in ("acme", "second")]
    assert totals[1] == totals[0] + 1


def test_a_fork_of_a_tenant_that_paths_name_is_reached_under_its_own_name(harness: Harness) -> None:
    made = fork_sandbox(harness, "kotauth", name="second")
    assert made["slug"] == "second"
    answer = harness.app.test_client().get(
        made["example"].removeprefix("http://localhost"),
        headers={"Authorization": f"Bearer {made['keys'][0]['secret']}"},
    )
    assert answer.status_code == 200
    assert harness.admin("GET", "/sandboxes/second/requests").json["requests"][0]["status"] == 200


def test_without_a_name_a_fork_gets_one_and_a_name_that_is_taken_is_refused(acme: Harness) -> None:
    assert fork_sandbox(acme)["id"].startswith("acme-")
    answer = acme.admin("POST", "/sandboxes/acme/fork", {"name": "acme"})
    assert (answer.status_code, answer.json["detail"]) == (409, "there is a sandbox 'acme' already")


def test_a_fork_that_fails_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = make_harness(ACME)

    def fail(*_: Any) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(Engine, "restore", fail)
    with pytest.raises(RuntimeError, match="half way"):
        harness.admin("POST", "/sandboxes/acme/fork", {"name": "second"}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert list(harness.engine.sandboxes) == ["acme"]
