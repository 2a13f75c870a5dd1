"""Webhook endpoints: adding, changing, rotating secrets and deleting."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import SECOND, Refusal, UnknownName
from mockserver.engine.webhooks import endpoints
from tests.support.acme import ACME, ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, emit_events, endpoint


@pytest.fixture
def egress() -> FakeEgress:
    return FakeEgress()


@pytest.fixture
def harness(egress: FakeEgress) -> Harness:
    return make_harness(ACME_WITH_WEBHOOKS, sender=egress)


def test_a_new_endpoint_has_an_id_a_secret_and_every_type(harness: Harness) -> None:
    created = endpoint(harness)
    assert created["id"].startswith("we_")
    assert created["secret"].startswith("whsec_")
    assert (created["events"], created["version"], created["enabled"], created["created_at"]) == (["*"], "", True, NOON)
    assert harness.sandbox.endpoints.get(created["id"]) == created


def test_the_same_seed_gives_the_same_endpoints_and_all_differ(harness: Harness) -> None:
    first, second = endpoint(harness), endpoint(harness)
    assert len({first["id"], second["id"], first["secret"], second["secret"]}) == 4
    again = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    assert [endpoint(again), endpoint(again)] == [first, second]


def test_given_values_are_used(harness: Harness) -> None:
    created = endpoint(harness, events=["note.created"], secret="my secret", description="mine")
    assert (created["secret"], created["description"], created["events"]) == ("my secret", "mine", ["note.created"])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"url": "http://forbidden/"}, "is forbidden"),
        ({"events": ["note.craeted"]}, r"no type 'note.craeted'; did you mean 'note.created'\?"),
        ({"events": ["*", "nothing"]}, "no type 'nothing'"),
        ({"version": "v9"}, "no 'v9'"),
    ],
)
def test_invalid_values_are_refused_with_the_nearest(harness: Harness, values: dict[str, Any], why: str) -> None:
    with pytest.raises(Refusal, match=why):
        harness.sandbox.endpoints.add(**{"url": "http://127.0.0.1:9/", **values})
    assert harness.sandbox.endpoints.all() == []


def test_a_provider_that_sends_no_webhooks_has_no_endpoints() -> None:
    with pytest.raises(Refusal, match="Acme sends no webhooks"):
        endpoint(make_harness(ACME, sender=FakeEgress()))


def test_the_number_of_endpoints_is_limited(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 2)
    first, _ = endpoint(harness), endpoint(harness)
    with pytest.raises(Refusal, match="at most 2 webhook endpoints"):
        endpoint(harness)
    harness.sandbox.endpoints.delete(first["id"])
    endpoint(harness)


def test_a_change_is_checked_like_a_new_endpoint(harness: Harness) -> None:
    id = endpoint(harness)["id"]
    for change in ({"url": "http://forbidden/"}, {"events": ["nothing"]}):
        with pytest.raises(Refusal):
            harness.sandbox.endpoints.update(id, **change)
    harness.sandbox.endpoints.update(id, url="http://127.0.0.1:9/new", events=["note.deleted"], enabled=False)
    changed = harness.sandbox.endpoints.get(id)
    assert (changed["url"], changed["events"], changed["enabled"]) == (
        "http://127.0.0.1:9/new",
        ["note.deleted"],
        False,
    )


def test_pending_deliveries_go_to_the_new_url(harness: Harness, egress: FakeEgress) -> None:
    id = endpoint(harness)["id"]
    emit_events(harness)
    harness.sandbox.endpoints.update(id, url="http://127.0.0.1:9/new")
    harness.deliver_due()
    assert [url for url, _, _ in egress.sent] == ["http://127.0.0.1:9/new"]


def test_during_the_overlap_both_secrets_sign(harness: Harness) -> None:
    before = endpoint(harness)
    after = harness.sandbox.endpoints.rotate(before["id"], overlap=60 * SECOND)
    assert after["secret"] != before["secret"]
    both = (after["secret"], before["secret"])
    assert endpoints.signing_secrets(after, NOON) == both
    assert endpoints.signing_secrets(after, NOON + 60 * SECOND - 1) == both
    assert endpoints.signing_secrets(after, NOON + 60 * SECOND) == (after["secret"],)


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(harness: Harness) -> None:
    before = endpoint(harness)
    after = harness.sandbox.endpoints.rotate(before["id"])
    assert endpoints.signing_secrets(after, NOON) == (after["secret"],)
    third = harness.sandbox.endpoints.rotate(before["id"], secret="chosen")
    assert (third["secret"], third["previous"]["secret"]) == ("chosen", after["secret"])


@pytest.mark.parametrize("verb", ["get", "update", "rotate", "delete"])
def test_an_unknown_endpoint_is_refused_with_the_nearest(harness: Harness, verb: str) -> None:
    id = endpoint(harness)["id"]
    with pytest.raises(UnknownName, match=f"no webhook endpoint '{id[:-1]}'; did you mean '{id}'"):
        getattr(harness.sandbox.endpoints, verb)(id[:-1])


@pytest.mark.parametrize("operation", ["update", "rotate", "delete"])
def test_changing_one_endpoint_does_not_change_the_others(harness: Harness, operation: str) -> None:
    others = [endpoint(harness), endpoint(harness, events=["note.deleted"])]
    one = endpoint(harness)
    arguments = {"update": {"description": "new", "enabled": False}}.get(operation, {})
    getattr(harness.sandbox.endpoints, operation)(one["id"], **arguments)
    assert [each for each in harness.sandbox.endpoints.all() if each["id"] != one["id"]] == others
    assert len(harness.sandbox.endpoints.all()) == (2 if operation == "delete" else 3)


def test_a_change_keeps_the_other_members(harness: Harness) -> None:
    created = endpoint(harness, events=["note.created"], secret="mine", description="one")
    assert harness.sandbox.endpoints.update(created["id"], description="two") == {**created, "description": "two"}
    assert harness.sandbox.endpoints.update(created["id"], enabled=False)["secret"] == "mine"


def test_rotations_are_counted_and_give_different_secrets(harness: Harness) -> None:
    id = endpoint(harness)["id"]
    seen = [harness.sandbox.endpoints.rotate(id) for _ in range(3)]
    assert [each["rotations"] for each in seen] == [1, 2, 3]
    assert len({each["secret"] for each in seen} | {seen[0]["previous"]["secret"]}) == 4
