"""The engine: sandboxes are created, found, reset, deleted, evicted, and loaded after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import make_engine
from mockserver.engine import SECOND, Conflict, Engine, Refusal, Templates, UnknownName, wall_time
from mockserver.engine.sandbox.engine import MAX_SANDBOXES
from mockserver.providers import PROVIDERS
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness, make_harness

SMARTEPI = next(provider for provider in PROVIDERS if provider.name == "smartepi")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TinyStore]:
    opened = TinyStore(tmp_path)
    yield opened
    opened.close()


def add(harness: Harness, text: str, sandbox: str = "acme") -> Any:
    return harness.request("POST", "/v1/notes", json={"text": text}, sandbox=sandbox).json


def texts(harness: Harness, sandbox: str = "acme") -> list[str]:
    return [note["text"] for note in harness.request("GET", "/v1/notes", sandbox=sandbox).json["data"]]


def state(harness: Harness, id: str) -> str:
    return dumps(harness.engine.export(id), sort_keys=True)


def test_a_new_sandbox_is_returned_with_all_a_client_needs(acme: Harness) -> None:
    created = acme.admin("POST", "/sandboxes", {"provider": "acme", "name": "mine", "seed": 7})
    assert created.status_code == 201
    assert {name: created.json[name] for name in ("id", "provider", "name", "seed", "size", "base_url")} == {
        "id": "mine",
        "provider": "acme",
        "name": "mine",
        "seed": "7",
        "size": "small",
        "base_url": "http://localhost/acme/v1",
    }
    key = created.json["keys"][0]
    assert (key["id"], key["state"], key["scopes"]) == ("key_1", "active", ["notes:read", "notes:write"])
    assert acme.request("GET", "/v1/notes", key=key["secret"]).status_code == 200
    assert acme.admin("GET", "/sandboxes/mine").json["keys"] == created.json["keys"]


def test_sandboxes_are_isolated(acme: Harness) -> None:
    acme.engine.create("acme", "other")
    add(acme, "mine")
    add(acme, "theirs", "other")
    acme.admin("POST", "/sandboxes/acme/faults", {"fault": {"kind": "status", "status": 503}})
    acme.advance("1h")
    assert acme.request("GET", "/v1/notes").status_code == 503
    assert texts(acme, "other") == ["theirs"]
    assert [entry.call.sandbox.id for entry in acme.engine.get_sandbox("other").journal.entries()] == ["other"] * 2


def test_equal_seeds_give_equal_data_and_other_seeds_other_data() -> None:
    harness = make_harness(SMARTEPI, scenarios={})
    lists = []
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6"), ("d", "1")):
        harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": name, "seed": seed})
        lists.append(harness.request("GET", "/v1/employees", sandbox=name).data)
    assert lists[0] == lists[1]
    assert len(set(lists)) == 3
    assert harness.request("GET", "/v1/employees").data == lists[3]


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({}, 422, "provider"),
        ({"provider": "acmee"}, 404, "did you mean 'acme'?"),
        ({"provider": "acme", "name": "Mine"}, 422, "lower-case"),
        ({"provider": "acme", "name": "a" * 64}, 422, "63"),
        ({"provider": "acme", "name": "-a"}, 422, "'-a'"),
        ({"provider": "acme", "name": "a/b"}, 422, "'a/b'"),
        ({"provider": "acme", "name": "../a"}, 422, "'../a'"),
        ({"provider": "acme", "name": "a\n"}, 422, "a\\n"),
        ({"provider": "acme", "name": "acme"}, 409, "already"),
        ({"provider": "acme", "size": "smal"}, 404, "did you mean 'small'?"),
        ({"provider": "acme", "assumptions": {"body_limt": 1}}, 404, "did you mean 'body_limit'?"),
        ({"provider": "acme", "assumptions": {"body_limit": "x"}}, 422, "body_limit"),
        ({"provider": "acme", "seeds": "1"}, 422, "did you mean 'seed'?"),
        ({"provider": "acme", "seed": ""}, 422, "seed"),
        ({"provider": "acme", "limits": {"rate": 0}}, 422, "limits.rate"),
    ],
)
def test_an_invalid_sandbox_is_refused_and_not_created(
    acme: Harness, body: dict[str, Any], status: int, word: str
) -> None:
    refused = acme.admin("POST", "/sandboxes", body)
    assert (refused.status_code, word in refused.json["detail"]) == (status, True), refused.text
    assert [each["id"] for each in acme.admin("GET", "/sandboxes").json] == ["acme"]


def test_an_unknown_sandbox_is_refused_with_the_nearest(acme: Harness) -> None:
    response = acme.admin("GET", "/sandboxes/acne")
    assert (response.status_code, response.json["detail"]) == (404, "there is no sandbox 'acne'; did you mean 'acme'?")


def test_there_are_at_most_two_hundred_sandboxes(acme: Harness) -> None:
    for _ in range(MAX_SANDBOXES - 1):
        acme.engine.create("acme")
    with pytest.raises(Refusal, match="there are 200 sandboxes already"):
        acme.engine.create("acme")
    acme.engine.delete(list(acme.engine.sandboxes)[-1])
    assert acme.engine.create("acme").id in acme.engine.sandboxes


def test_a_deleted_sandbox_is_gone_with_its_keys(acme: Harness) -> None:
    acme.engine.create("acme", "other")
    secret = acme.key("other")
    assert acme.admin("DELETE", "/sandboxes/other").status_code == 204
    assert acme.admin("GET", "/sandboxes/other").status_code == 404
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 401
    assert acme.admin("DELETE", "/sandboxes/other").status_code == 404


def test_the_first_sandbox_of_a_provider_cannot_be_deleted(acme: Harness) -> None:
    refused = acme.admin("DELETE", "/sandboxes/acme")
    assert (refused.status_code, "reset it instead" in refused.json["detail"]) == (422, True)
    assert acme.request("GET", "/v1/notes").status_code == 200


def test_a_sandbox_created_again_under_a_name_is_empty(acme: Harness) -> None:
    acme.engine.create("acme", "other")
    add(acme, "old", "other")
    acme.engine.delete("other")
    acme.engine.create("acme", "other")
    assert texts(acme, "other") == []


def test_the_key_of_a_deleted_sandbox_is_refused_by_a_later_one(acme: Harness) -> None:
    first = acme.engine.create("acme").id
    secret = acme.key(first)
    acme.engine.delete(first)
    assert acme.engine.create("acme").id != first
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 401


@pytest.mark.parametrize("change", ["nothing", "reset", "import"])
def test_the_key_of_a_deleted_sandbox_is_refused_after_a_restart_too(tmp_path: Path, change: str) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(ACME, store=store)
    exported = harness.engine.export("acme")
    ids = [harness.engine.create("acme").id for _ in range(3)]
    secrets = [harness.key(id) for id in ids]
    for id in ids:
        harness.engine.delete(id)
    if change == "reset":
        harness.engine.reset("acme")
    elif change == "import":
        harness.engine.restore("acme", exported)
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME, store=store)
    for _ in range(3):
        harness.engine.create("acme")
    assert [harness.request("GET", "/v1/notes", key=secret).status_code for secret in secrets] == [401] * 3
    store.close()


def test_a_reset_restores_the_start_and_keeps_settings_and_snapshots(acme: Harness) -> None:
    created = acme.engine.create("acme", "other").id
    before = state(acme, created)
    acme.admin("PATCH", "/sandboxes/other", {"limits": {"rate": 500}})
    settings = acme.admin("GET", "/sandboxes/other").json
    add(acme, "a", "other")
    acme.admin("PUT", "/sandboxes/other/snapshots/one")
    acme.admin("POST", "/sandboxes/other/keys", {})
    acme.admin("POST", "/sandboxes/other/faults", {"fault": {"kind": "status"}})
    acme.admin("PUT", "/sandboxes/other/scenarios/slow", {})
    acme.admin("PUT", "/sandboxes/other/clock", {"action": "freeze", "at": "2030-01-01"})
    reset = acme.admin("POST", "/sandboxes/other/reset").json
    assert (reset["limits"], reset["keys"], reset["scenarios"]) == (settings["limits"], settings["keys"], [])
    assert reset["clock"]["state"] == "running"
    assert acme.admin("GET", "/sandboxes/other/requests").json == {"requests": [], "dropped": 0}
    assert [each["name"] for each in acme.admin("GET", "/sandboxes/other/snapshots").json] == ["one"]
    acme.admin("PATCH", "/sandboxes/other", {"limits": None})
    assert state(acme, "other") == before
    acme.admin("POST", "/sandboxes/other/snapshots/one/restore")
    assert texts(acme, "other") == ["a"]


def test_a_reset_of_ten_thousand_records_is_one_log_record(tmp_path: Path) -> None:
    notes = [{"id": f"note_{i}", "text": f"number {i}", "tags": ["a", "b"], "of": {"day": i}} for i in range(10_000)]
    store = TinyStore(tmp_path)
    engine = Engine(store, [ACME], {}, templates=Templates({("acme", "small"): {"notes": notes}}))
    engine.create("acme", "acme")
    log = tmp_path / "sandboxes" / "acme.log"
    for _ in range(3):
        lines = log.read_bytes().count(b"\n")
        engine.reset("acme")
        assert log.read_bytes().count(b"\n") == lines + 1
    assert store.export("acme")["notes"] == notes
    store.close()


def test_a_reset_sandbox_behaves_like_a_new_one() -> None:
    harness = make_harness(SMARTEPI, scenarios={})
    results = []
    for _ in range(2):
        harness.admin("PUT", "/sandboxes/smartepi/clock", {"action": "freeze", "at": "2026-03-01T12:00:00Z"})
        created = harness.request("POST", "/v1/sectors", json={"name": "a"})
        results.append((created.data, sorted(created.headers.items()), harness.request("GET", "/v1/sectors").data))
        harness.admin("POST", "/sandboxes/smartepi/reset")
    assert results[0] == results[1]


def test_a_call_with_an_unknown_key_is_recorded_in_the_first_sandbox(acme: Harness) -> None:
    acme.engine.create("acme", "other")
    for key in (None, "nobody"):
        acme.request("GET", "/v1/notes", key=key)
    recorded = [(entry.call.sandbox.id, entry.reply.status) for entry in acme.sandbox.journal.entries()]
    assert recorded == [("acme", 401), ("acme", 401)]


def test_a_key_is_refused_by_another_provider() -> None:
    harness = make_harness(ACME, SMARTEPI)
    for own, other in (("acme", "smartepi"), ("smartepi", "acme")):
        response = harness.request("GET", "/v1/notes", sandbox=own, key=harness.key(other))
        assert response.status_code in (401, 403)
        assert harness.engine.get_sandbox(other).journal.entries() == []
        harness.admin("DELETE", f"/sandboxes/{own}/requests")


@pytest.mark.parametrize("closed", [True, False])
def test_sandboxes_survive_a_restart(tmp_path: Path, closed: bool) -> None:
    store = TinyStore(tmp_path / "a")
    harness = make_harness(ACME, SMARTEPI, store=store)
    harness.engine.create("acme", "other")
    add(harness, "a", "other")
    harness.admin("POST", "/sandboxes/other/faults", {"id": "f", "fault": {"kind": "latency", "distribution": {
        "type": "fixed", "ms": 0}}})  # fmt: skip
    before = {id: state(harness, id) for id in harness.engine.sandboxes}
    if closed:
        store.close()
    # Copied while the store is open, the files are as after a crash.
    (tmp_path / "b" / "sandboxes").mkdir(parents=True)
    for file in (tmp_path / "a" / "sandboxes").iterdir():
        (tmp_path / "b" / "sandboxes" / file.name).write_bytes(file.read_bytes())
    store.close()
    store = TinyStore(tmp_path / "b")
    harness = make_harness(ACME, SMARTEPI, store=store, freeze=False)
    assert {id: state(harness, id) for id in harness.engine.sandboxes} == before
    assert texts(harness, "other") == ["a"]
    assert [active.rule.id for active in harness.engine.get_sandbox("other").rules] == ["f"]
    store.close()


def test_a_half_created_sandbox_is_removed_at_the_next_start(store: TinyStore) -> None:
    store.open("half")
    harness = make_harness(ACME, store=store)
    assert list(harness.engine.sandboxes) == ["acme"]
    assert store.names() == ["acme"]
    assert harness.engine.create("acme", "half").id == "half"


def test_a_sandbox_of_a_provider_that_is_not_served_is_not_changed(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(ACME, SMARTEPI, store=store)
    add(harness, "kept")
    before = state(harness, "acme")
    store.close()
    store = TinyStore(tmp_path)
    engine = make_engine(store, [SMARTEPI])
    assert list(engine.sandboxes) == ["smartepi"]
    with pytest.raises(Conflict, match="not started with"):
        engine.create("smartepi", "acme")
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(ACME, SMARTEPI, store=store, freeze=False)
    assert state(harness, "acme") == before
    store.close()


def test_a_provider_whose_name_is_taken_by_a_sandbox_is_refused(store: TinyStore) -> None:
    engine = make_engine(store, [ACME])
    engine.create("acme", "smartepi")
    store.flush()
    with pytest.raises(Refusal, match="smartepi"):
        make_engine(store, [ACME, SMARTEPI])


def test_unknown_names_are_refused(acme: Harness) -> None:
    engine: Engine = acme.engine
    for call in (engine.get_provider, engine.get_sandbox, engine.reset, engine.export, engine.delete):
        with pytest.raises(UnknownName, match="there is no"):
            call("nobody")


def test_idle_sandboxes_are_evicted_except_the_first_ones(acme: Harness) -> None:
    for name in ("idle", "called", "viewed"):
        acme.engine.create("acme", name)
    for sandbox in acme.engine.sandboxes.values():
        sandbox.sync.used_at -= 100
    acme.request("GET", "/v1/notes", sandbox="called")
    acme.admin("GET", "/sandboxes/viewed")
    assert acme.engine.evict(50 * 1_000_000) == []
    for sandbox in acme.engine.sandboxes.values():
        sandbox.sync.used_at -= 0 if sandbox.id in ("called", "viewed") else 60 * 1_000_000
    assert acme.engine.evict(50 * 1_000_000) == ["idle"]
    assert set(acme.engine.sandboxes) == {"acme", "called", "viewed"}


def test_every_log_record_has_the_time_of_the_sandbox_and_the_wall_clock(tmp_path: Path) -> None:
    harness = make_harness(ACME, store=TinyStore(tmp_path))
    harness.advance("1h")
    harness.sandbox.keyring.mint()
    lines = [loads(line) for line in (tmp_path / "sandboxes" / "acme.log").read_bytes().splitlines()]
    assert lines[0]["t"] == lines[0]["w"]
    assert lines[-1]["t"] == NOON + 3600 * SECOND
    assert 0 <= wall_time() - lines[-1]["w"] < 3600 * SECOND
    harness.engine.create("acme", "other")
    (line,) = map(loads, (tmp_path / "sandboxes" / "other.log").read_bytes().splitlines())
    assert line["t"] == line["w"]
