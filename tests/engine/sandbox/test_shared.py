"""What one process does to a sandbox is there for the next call that another one answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.engine import SECOND
from tests.support.acme import ACME
from tests.support.engines_on_redis import fleet
from tests.support.worlds import NOON, World

LIMITED = {"limits": {"rate": 1, "burst": 3}}
FAULT = {"id": "always", "fault": {"kind": "status", "status": 503}}


@pytest.fixture
def both(redis_url: str) -> Iterator[tuple[World, World]]:
    with fleet(redis_url, ACME) as (one, other):
        yield one, other


def test_a_record_that_one_writes_the_other_reads(both: tuple[World, World]) -> None:
    one, other = both
    for world, text in ((one, "hello"), (other, "again")):
        assert world.ask("POST", "/v1/notes", json={"text": text}).status_code == 201
    for world in both:
        assert [(note["id"], note["text"]) for note in world.ask("GET", "/v1/notes").json["data"]] == [
            ("note_1", "hello"),
            ("note_2", "again"),
        ]


def test_a_clock_that_one_moves_has_moved_for_the_other(both: tuple[World, World]) -> None:
    one, other = both
    one.advance("90s")
    other.advance("10s")
    other.ask("GET", "/v1/notes")
    assert one.admin("GET", "/sandboxes/acme/clock").json == other.admin("GET", "/sandboxes/acme/clock").json
    assert other.sandbox.now() == NOON + 100 * SECOND


def test_a_fault_that_one_sets_happens_to_calls_of_the_other_and_is_counted_once(both: tuple[World, World]) -> None:
    one, other = both
    one.admin("POST", "/sandboxes/acme/faults", {**FAULT, "trigger": {"times": 3}})
    statuses = [each.ask("GET", "/v1/notes").status_code for each in (other, one, other, one, other)]
    assert statuses == [503, 503, 503, 200, 200]
    assert {each.admin("GET", "/sandboxes/acme/faults/always").json["fired"] for each in both} == {3}
    other.admin("DELETE", "/sandboxes/acme/faults/always")
    assert one.admin("GET", "/sandboxes/acme/faults").json == []


def test_a_scenario_that_one_switches_on_is_on_for_the_other(both: tuple[World, World]) -> None:
    one, other = both
    one.admin("PUT", "/sandboxes/acme/scenarios/burst-then-recover", {"calls": 1})
    assert other.ask("GET", "/v1/notes").status_code == 429
    assert other.admin("DELETE", "/sandboxes/acme/scenarios/burst-then-recover").status_code == 204
    assert one.sandbox.shared.refresh()
    assert not one.sandbox.overlays


def test_a_key_of_one_works_with_the_other_at_once_and_is_refused_once_revoked(both: tuple[World, World]) -> None:
    one, other = both
    key = one.admin("POST", "/sandboxes/acme/keys", {"activates_in": "0s"}).json
    assert other.ask("GET", "/v1/notes", key=key["secret"]).status_code == 200
    other.admin("DELETE", f"/sandboxes/acme/keys/{key['id']}", {"lingers": "0s"})
    assert one.ask("GET", "/v1/notes", key=key["secret"]).status_code == 401


def test_the_share_of_a_sandbox_is_spent_by_all_together(both: tuple[World, World]) -> None:
    one, other = both
    one.admin("PATCH", "/sandboxes/acme", LIMITED)
    assert [each.ask("GET", "/v1/notes").status_code for each in (one, other, one, other, one)] == [200] * 3 + [429] * 2
    other.advance("1s")
    assert [each.ask("GET", "/v1/notes").status_code for each in (one, other)] == [200, 429]


def test_a_request_that_one_answered_the_other_answers_alike(both: tuple[World, World]) -> None:
    one, other = both
    sent: dict[str, Any] = {"json": {"text": "once"}, "headers": {"Idempotency-Key": "k"}}
    first, again = one.ask("POST", "/v1/notes", **sent), other.ask("POST", "/v1/notes", **sent)
    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = other.ask("POST", "/v1/notes", json={"text": "other"}, headers=sent["headers"])
    assert refused.status_code == 422


def test_a_reset_by_one_is_the_end_of_what_the_other_is_about(both: tuple[World, World]) -> None:
    one, other = both
    one.ask("POST", "/v1/notes", json={"text": "gone soon"})
    other.ask("GET", "/v1/notes")
    epoch = other.sandbox.epoch
    one.admin("POST", "/sandboxes/acme/reset")
    assert other.ask("GET", "/v1/notes").json["data"] == []
    assert other.sandbox.epoch == epoch + 1
    assert other.admin("GET", "/sandboxes/acme/requests").json["dropped"] == 0


def test_settings_that_both_change_are_both_kept(both: tuple[World, World]) -> None:
    one, other = both
    one.admin("PATCH", "/sandboxes/acme", {"assumptions": {"key_propagation": "5s"}})
    other.admin("PATCH", "/sandboxes/acme", {"assumptions": {"revocation_lag": "7s"}})
    assumed = [each.admin("GET", "/sandboxes/acme").json["assumptions"] for each in both]
    assert [(each["key_propagation"], each["revocation_lag"]) for each in assumed] == [("5s", "7s")] * 2


def test_numbers_of_calls_are_never_given_twice(both: tuple[World, World]) -> None:
    for nth in range(10):
        both[nth % 2].ask("GET", "/v1/notes")
    ids = [each["id"] for each in both[0].admin("GET", "/sandboxes/acme/requests").json["requests"]]
    assert len(ids) == len(set(ids)) == 10


def test_who_was_here_last_is_known_to_all(both: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = both
    before = one.sandbox.shared.used_at
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall", lambda: before + 3_600 * SECOND)
    other.ask("GET", "/v1/notes")
    one.sandbox.shared.refresh()
    assert one.sandbox.shared.used_at == before + 3_600 * SECOND
