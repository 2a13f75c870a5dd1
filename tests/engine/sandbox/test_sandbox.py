"""A sandbox: settings, export and import, snapshots, and the numbers of calls."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import Any

import pytest

from mockserver.engine import Limits
from mockserver.http import edge
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.harness import Harness, make_harness

SANDBOX_PATH = "/sandboxes/acme"


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "sleep", lambda seconds: None)


def add(harness: Harness, text: str = "a", sandbox: str | None = None) -> Any:
    response = harness.request("POST", "/v1/notes", json={"text": text}, sandbox=sandbox)
    assert response.status_code == 201, response.text
    return response.json


def texts(harness: Harness, sandbox: str | None = None) -> list[str]:
    return [note["text"] for note in harness.request("GET", "/v1/notes", sandbox=sandbox).json["data"]]


def canonical(state: Any) -> str:
    return dumps(state, sort_keys=True)


def make_used_harness() -> Harness:
    """Returns a harness whose sandbox has records in every stored collection."""
    harness = make_harness(ACME)
    add(harness, "first")
    harness.request("POST", "/v1/notes", json={"text": "second"}, headers={"Idempotency-Key": "k"})
    harness.admin("POST", f"{SANDBOX_PATH}/keys", {"expires_in": "1h", "cidrs": ["127.0.0.0/8"]})
    harness.admin("DELETE", f"{SANDBOX_PATH}/keys/key_2", {"lingers": "5s"})
    rule = {"id": "slow", "trigger": {"ttl": "1000.5s", "per": "key"}, "match": {"path": "*/nothing"}}
    harness.admin("POST", f"{SANDBOX_PATH}/faults", {**rule, "fault": {"kind": "status"}})
    harness.request("GET", "/v1/nothing")
    harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/slow", {})
    limits = {"quota": 100, "period": "1d", "rate": 50}
    harness.admin("PATCH", SANDBOX_PATH, {"limits": limits, "assumptions": {"body_limit": 500}})
    harness.request("GET", "/v1/notes")
    harness.advance("90s")
    return harness


def test_importing_an_export_changes_nothing() -> None:
    harness = make_used_harness()
    before = harness.admin("GET", f"{SANDBOX_PATH}/state").json
    sandbox_before = harness.admin("GET", SANDBOX_PATH).json
    assert harness.admin("PUT", f"{SANDBOX_PATH}/state", before).status_code == 200
    assert canonical(harness.admin("GET", f"{SANDBOX_PATH}/state").json) == canonical(before)
    assert harness.admin("GET", SANDBOX_PATH).json == sandbox_before


def test_importing_an_export_gives_another_server_the_same_state() -> None:
    harness, other = make_used_harness(), make_harness(ACME)
    state = harness.admin("GET", f"{SANDBOX_PATH}/state").json
    assert other.admin("PUT", f"{SANDBOX_PATH}/state", state).status_code == 200
    assert canonical(other.admin("GET", f"{SANDBOX_PATH}/state").json) == canonical(state)
    assert other.admin("GET", SANDBOX_PATH).json == harness.admin("GET", SANDBOX_PATH).json
    assert texts(other) == ["first", "second"]
    assert add(other)["id"] == add(harness)["id"] == "note_3"
    again = other.request("POST", "/v1/notes", json={"text": "second"}, headers={"Idempotency-Key": "k"})
    assert (again.json["id"], again.headers["Idempotent-Replayed"]) == ("note_2", "true")


def break_collection(name: str, *records: Any, instead: bool = False) -> Any:
    def change(state: Any) -> None:
        if instead:
            state["collections"][name] = list(records)
        else:
            state["collections"].setdefault(name, []).extend(records)

    return change


BAD_STATES = {
    "provider": lambda state: state.update(provider="smartepi"),
    "no provider": lambda state: state.pop("provider"),
    "no collections": lambda state: state.pop("collections"),
    "a list": lambda state: state.update(collections=[]),
    "unknown collection": break_collection("nots", {"id": "a"}),
    "no records": lambda state: state["collections"].update(notes={"id": "x"}),
    "no record": break_collection("notes", 1),
    "no id": break_collection("notes", {"text": "a"}),
    "id no text": break_collection("notes", {"id": 1}),
    "one id twice": break_collection("notes", {"id": "note_1"}),
    "settings": break_collection("_sandbox", {"id": "settings", "colour": 1}, instead=True),
    "clock text": break_collection("_sandbox", {"id": "clock", "offset": "soon"}, instead=True),
    "clock before 1970": break_collection("_sandbox", {"id": "clock", "frozen_at": -1}, instead=True),
    "clock member": break_collection("_sandbox", {"id": "clock", "now": 1}, instead=True),
    "serial": break_collection("_sandbox", {"id": "serial", "reserved": "many"}, instead=True),
    "key without members": break_collection("_keys", {"id": "key_9", "secret": "s"}),
    "key with a wrong instant": break_collection(
        "_keys", {"id": "k", "secret": "s", "created_at": "x", "active_at": 0}
    ),
    "fault": break_collection("_faults", {"id": "f", "set_at": 0, "scenario": None, "fault": {"kind": "no"}}),
    "fault without members": break_collection("_faults", {"id": "f"}),
    "scenario": break_collection("_scenarios", {"id": "s", "settings": 5}),
    "scenario without settings": break_collection("_scenarios", {"id": "s"}),
    "scenario settings": break_collection("_scenarios", {"id": "s", "settings": {"limits": {"rate": 0}}}),
    "timer": break_collection("_timers", {"id": "t", "due": "soon", "action": "a", "parameters": {}}),
}


@pytest.mark.parametrize("change", BAD_STATES)
def test_an_invalid_state_is_refused_and_changes_nothing(change: str) -> None:
    harness = make_used_harness()
    before = harness.admin("GET", f"{SANDBOX_PATH}/state").json
    bad = deepcopy(before)
    BAD_STATES[change](bad)
    assert harness.admin("PUT", f"{SANDBOX_PATH}/state", bad).status_code in (400, 422)
    assert canonical(harness.admin("GET", f"{SANDBOX_PATH}/state").json) == canonical(before)
    assert texts(harness) == ["first", "second"]
    assert harness.admin("GET", SANDBOX_PATH).status_code == 200


def test_importing_the_state_of_another_sandbox_with_its_keys_is_refused(acme: Harness) -> None:
    acme.engine.create("acme", "other")
    add(acme, "mine")
    state = acme.admin("GET", f"{SANDBOX_PATH}/state").json
    refused = acme.admin("PUT", "/sandboxes/other/state", state)
    assert refused.status_code == 409
    assert "key_1" in refused.json["detail"]
    add(acme, "mine too")
    assert (texts(acme), texts(acme, "other")) == (["mine", "mine too"], [])


def test_a_snapshot_can_be_restored_repeatedly(acme: Harness) -> None:
    add(acme, "a")
    assert acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/one").json["taken_at"] == "2026-03-01T12:00:00.000000Z"
    for text in ("b", "c"):
        acme.advance("60s")
        assert add(acme, text)["id"] == "note_2"
        response = acme.admin("POST", f"{SANDBOX_PATH}/snapshots/one/restore")
        assert (response.status_code, response.json["clock"]["now"]) == (200, "2026-03-01T12:00:00.000000Z")
        assert texts(acme) == ["a"]


def test_restoring_a_snapshot_keeps_the_other_snapshots(acme: Harness) -> None:
    for name in ("one", "two", "three"):
        add(acme, name)
        acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/{name}")
    acme.admin("POST", f"{SANDBOX_PATH}/snapshots/one/restore")
    assert [each["name"] for each in acme.admin("GET", f"{SANDBOX_PATH}/snapshots").json] == ["one", "two", "three"]
    acme.admin("POST", f"{SANDBOX_PATH}/snapshots/three/restore")
    assert texts(acme) == ["one", "two", "three"]


def test_a_snapshot_of_the_same_name_replaces_the_previous_one(acme: Harness) -> None:
    for text in ("a", "b"):
        add(acme, text)
        acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/one")
    acme.admin("POST", f"{SANDBOX_PATH}/reset")
    acme.admin("POST", f"{SANDBOX_PATH}/snapshots/one/restore")
    assert texts(acme) == ["a", "b"]


def test_twenty_snapshots_are_kept_and_one_more_is_refused(acme: Harness) -> None:
    assert {acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/s{nth}").status_code for nth in range(20)} == {200}
    assert acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/s20").status_code == 422
    assert acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/s19").status_code == 200


def test_an_unknown_snapshot_is_refused_with_the_nearest(acme: Harness) -> None:
    acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/before")
    response = acme.admin("POST", f"{SANDBOX_PATH}/snapshots/befor/restore")
    assert (response.status_code, response.json["detail"]) == (
        404,
        "there is no snapshot 'befor'; did you mean 'before'?",
    )


def test_call_numbers_are_not_reused_after_a_restore(acme: Harness) -> None:
    acme.admin("PUT", f"{SANDBOX_PATH}/snapshots/one")
    for _ in range(3):
        texts(acme)
    acme.admin("POST", f"{SANDBOX_PATH}/snapshots/one/restore")
    for _ in range(3):
        texts(acme)
    ids = [request["id"] for request in acme.admin("GET", f"{SANDBOX_PATH}/requests").json["requests"]]
    assert len(ids) == len(set(ids)) >= 3


@pytest.mark.parametrize(
    ("change", "expected_settings"),
    [
        ({"limits": {"rate": 5}}, {"rate": 5, "burst": None, "quota": None, "period": "1d", "retry_after": False}),
        ({"limits": {"quota": 5, "period": "90s"}}, {"rate": None, "quota": 5, "period": "90s"}),
        ({"latency": {"type": "fixed", "ms": 5}}, {"type": "fixed", "ms": 5.0}),
        ({"assumptions": {"body_limit": 7}}, {"body_limit": 7}),
        ({"assumptions": {"key_propagation": "1000.5s"}}, {"key_propagation": "1000500ms"}),
    ],
)
def test_a_setting_is_shown_and_null_restores_its_default(
    acme: Harness, change: dict[str, Any], expected_settings: dict[str, Any]
) -> None:
    (name,) = change
    before = acme.admin("GET", SANDBOX_PATH).json
    changed = acme.admin("PATCH", SANDBOX_PATH, change).json
    assert changed[name].items() >= expected_settings.items()
    assert {**changed, name: None} == {**before, name: None}
    assert acme.admin("PATCH", SANDBOX_PATH, {name: None}).json == before


def test_null_restores_the_default_of_one_assumption(acme: Harness) -> None:
    acme.admin("PATCH", SANDBOX_PATH, {"assumptions": {"body_limit": 7, "key_lifetime": "5s"}})
    assumptions = acme.admin("PATCH", SANDBOX_PATH, {"assumptions": {"body_limit": None}}).json["assumptions"]
    assert (assumptions["body_limit"], assumptions["key_lifetime"]) == (1024 * 1024, "5s")


@pytest.mark.parametrize(
    "change",
    [
        {"limits": {"rate": 0}},
        {"latency": {"type": "fixed"}},
        {"assumptions": {"body_limit": -1}},
        {"assumptions": {"body_limt": 1}},
        {"assumptions": {"key_propagation": "soon"}},
        {"assumptions": 5},
        {"seed": "2"},
        {"limits": {"rate": 9}, "assumptions": {"body_limit": -1}},
    ],
)
def test_an_invalid_setting_is_refused_and_changes_nothing(acme: Harness, change: dict[str, Any]) -> None:
    before = acme.admin("GET", SANDBOX_PATH).json
    assert acme.admin("PATCH", SANDBOX_PATH, change).status_code == 422
    assert acme.admin("GET", SANDBOX_PATH).json == before


def test_settings_survive_a_restart(tmp_path: Path) -> None:
    shown_settings: list[Any] = []
    for _ in range(2):
        store = TinyStore(tmp_path)
        harness = make_harness(ACME, store=store)
        if not shown_settings:
            limits = {"rate": 5, "period": "1000.5s"}
            harness.admin("PATCH", SANDBOX_PATH, {"limits": limits, "assumptions": {"key_lifetime": "1d12h0.001ms"}})
        shown_settings.append(harness.admin("GET", SANDBOX_PATH).json)
        store.close()
    assert shown_settings[0] == shown_settings[1]


def test_settings_that_are_not_set_are_those_of_the_provider() -> None:
    harness = make_harness(replace(ACME, limits=Limits(rate=7, burst=9)))
    assert harness.admin("GET", SANDBOX_PATH).json["limits"]["rate"] == 7
    harness.admin("PATCH", SANDBOX_PATH, {"limits": {"quota": 1}})
    assert harness.admin("GET", SANDBOX_PATH).json["limits"]["rate"] is None


@pytest.mark.parametrize("closed", [True, False])
def test_call_numbers_are_not_reused_after_a_restart(tmp_path: Path, closed: bool) -> None:
    directory, seen = tmp_path / "0", []
    for restart in range(1, 4):
        store = TinyStore(directory)
        harness = make_harness(ACME, store=store)
        for _ in range(3):
            texts(harness)
        seen += [entry.call.serial for entry in harness.sandbox.journal.entries()]
        copy = tmp_path / str(restart)
        if closed:
            store.close()
        # Copied while the store is open, the files are as after a crash.
        (copy / "sandboxes").mkdir(parents=True)
        for file in (directory / "sandboxes").iterdir():
            (copy / "sandboxes" / file.name).write_bytes(file.read_bytes())
        store.close()
        directory = copy
    assert len(seen) == len(set(seen)) == 9


def test_call_numbers_continue_across_blocks(acme: Harness) -> None:
    numbers = [acme.sandbox.next_serial() for _ in range(2500)]
    assert numbers == list(range(1, 2501))
