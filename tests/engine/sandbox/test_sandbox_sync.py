"""Changes of a sandbox in one process apply to the next call in another process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.engine import SECOND
from tests.support.acme import ACME
from tests.support.harness import NOON, Harness
from tests.support.redis_cluster import make_cluster

LIMITED = {"limits": {"rate": 1, "burst": 3}}
FAULT = {"id": "always", "fault": {"kind": "status", "status": 503}}


@pytest.fixture
def two_harnesses(redis_url: str) -> Iterator[tuple[Harness, Harness]]:
    with make_cluster(redis_url, ACME) as (one, other):
        yield one, other


def test_records_of_one_process_are_read_by_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    for harness, text in ((one, "hello"), (other, "again")):
        assert harness.request("POST", "/v1/notes", json={"text": text}).status_code == 201
    for harness in two_harnesses:
        assert [(note["id"], note["text"]) for note in harness.request("GET", "/v1/notes").json["data"]] == [
            ("note_1", "hello"),
            ("note_2", "again"),
        ]


def test_a_clock_moved_in_one_process_has_moved_in_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.advance("90s")
    other.advance("10s")
    other.request("GET", "/v1/notes")
    assert one.admin("GET", "/sandboxes/acme/clock").json == other.admin("GET", "/sandboxes/acme/clock").json
    assert other.sandbox.now() == NOON + 100 * SECOND


def test_a_fault_set_in_one_process_applies_in_the_other_and_is_counted_together(
    two_harnesses: tuple[Harness, Harness],
) -> None:
    one, other = two_harnesses
    one.admin("POST", "/sandboxes/acme/faults", {**FAULT, "trigger": {"times": 3}})
    statuses = [each.request("GET", "/v1/notes").status_code for each in (other, one, other, one, other)]
    assert statuses == [503, 503, 503, 200, 200]
    assert {each.admin("GET", "/sandboxes/acme/faults/always").json["fired"] for each in two_harnesses} == {3}
    other.admin("DELETE", "/sandboxes/acme/faults/always")
    assert one.admin("GET", "/sandboxes/acme/faults").json == []


def test_a_scenario_switched_on_in_one_process_is_on_in_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.admin("PUT", "/sandboxes/acme/scenarios/burst-then-recover", {"calls": 1})
    assert other.request("GET", "/v1/notes").status_code == 429
    assert other.admin("DELETE", "/sandboxes/acme/scenarios/burst-then-recover").status_code == 204
    assert one.sandbox.sync.refresh()
    assert not one.sandbox.overlays


def test_a_key_created_or_revoked_in_one_process_changes_in_the_other_at_once(
    two_harnesses: tuple[Harness, Harness],
) -> None:
    one, other = two_harnesses
    key = one.admin("POST", "/sandboxes/acme/keys", {"activates_in": "0s"}).json
    assert other.request("GET", "/v1/notes", key=key["secret"]).status_code == 200
    other.admin("DELETE", f"/sandboxes/acme/keys/{key['id']}", {"lingers": "0s"})
    assert one.request("GET", "/v1/notes", key=key["secret"]).status_code == 401


def test_the_rate_limit_is_shared_by_all_processes(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.admin("PATCH", "/sandboxes/acme", LIMITED)
    assert [each.request("GET", "/v1/notes").status_code for each in (one, other, one, other, one)] == [200] * 3 + [
        429
    ] * 2
    other.advance("1s")
    assert [each.request("GET", "/v1/notes").status_code for each in (one, other)] == [200, 429]


def test_an_idempotency_key_is_shared_by_all_processes(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    options: dict[str, Any] = {"json": {"text": "once"}, "headers": {"Idempotency-Key": "k"}}
    first, again = one.request("POST", "/v1/notes", **options), other.request("POST", "/v1/notes", **options)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = other.request("POST", "/v1/notes", json={"text": "other"}, headers=options["headers"])
    assert refused.status_code == 422


def test_a_reset_in_one_process_resets_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.request("POST", "/v1/notes", json={"text": "gone soon"})
    other.request("GET", "/v1/notes")
    epoch = other.sandbox.epoch
    one.admin("POST", "/sandboxes/acme/reset")
    assert other.request("GET", "/v1/notes").json["data"] == []
    assert other.sandbox.epoch == epoch + 1
    assert other.admin("GET", "/sandboxes/acme/requests").json["dropped"] == 0


def test_settings_changed_in_both_processes_are_merged(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    one.admin("PATCH", "/sandboxes/acme", {"assumptions": {"key_propagation": "5s"}})
    other.admin("PATCH", "/sandboxes/acme", {"assumptions": {"revocation_lag": "7s"}})
    assumptions = [each.admin("GET", "/sandboxes/acme").json["assumptions"] for each in two_harnesses]
    assert [(each["key_propagation"], each["revocation_lag"]) for each in assumptions] == [("5s", "7s")] * 2


def test_call_numbers_are_unique_across_processes(two_harnesses: tuple[Harness, Harness]) -> None:
    for nth in range(10):
        two_harnesses[nth % 2].request("GET", "/v1/notes")
    ids = [each["id"] for each in two_harnesses[0].admin("GET", "/sandboxes/acme/requests").json["requests"]]
    assert len(ids) == len(set(ids)) == 10


def test_time_of_last_use_is_shared(two_harnesses: tuple[Harness, Harness], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two_harnesses
    before = one.sandbox.sync.used_at
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall_time", lambda: before + 3_600 * SECOND)
    other.request("GET", "/v1/notes")
    one.sandbox.sync.refresh()
    assert one.sandbox.sync.used_at == before + 3_600 * SECOND
