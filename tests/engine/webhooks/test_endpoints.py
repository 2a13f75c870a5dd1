"""Who is to be told: endpoints are registered, changed, rotated and deleted as in a vendor's console."""

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


def test_an_endpoint_is_made_with_an_id_a_secret_and_every_type(harness: Harness) -> None:
    made = endpoint(harness)
    assert made["id"].startswith("we_")
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["version"], made["enabled"], made["created_at"]) == (["*"], "", True, NOON)
    assert harness.sandbox.endpoints.get(made["id"]) == made


def test_the_same_seed_makes_the_same_endpoints_and_no_two_alike(harness: Harness) -> None:
    first, second = endpoint(harness), endpoint(harness)
    assert len({first["id"], second["id"], first["secret"], second["secret"]}) == 4
    again = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    assert [endpoint(again), endpoint(again)] == [first, second]


def test_what_is_given_is_taken(harness: Harness) -> None:
    made = endpoint(harness, events=["note.created"], secret="my secret", description="mine")
    assert (made["secret"], made["description"], made["events"]) == ("my secret", "mine", ["note.created"])


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"url": "http://forbidden/"}, "is forbidden"),
        ({"events": ["note.craeted"]}, r"no type 'note.craeted'; did you mean 'note.created'\?"),
        ({"events": ["*", "nothing"]}, "no type 'nothing'"),
        ({"version": "v9"}, "no 'v9'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_nearest_and_makes_nothing(
    harness: Harness, wanted: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        harness.sandbox.endpoints.add(**{"url": "http://127.0.0.1:9/", **wanted})
    assert harness.sandbox.endpoints.all() == []


def test_a_provider_that_sends_no_webhooks_has_no_endpoints() -> None:
    with pytest.raises(Refusal, match="Acme sends no webhooks"):
        endpoint(make_harness(ACME, sender=FakeEgress()))


def test_a_sandbox_has_so_many_endpoints_and_no_more(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 2)
    first, _ = endpoint(harness), endpoint(harness)
    with pytest.raises(Refusal, match="at most 2 webhook endpoints"):
        endpoint(harness)
    harness.sandbox.endpoints.delete(first["id"])
    endpoint(harness)


def test_a_change_is_checked_as_a_new_endpoint_is(harness: Harness) -> None:
    id = endpoint(harness)["id"]
    for change in ({"url": "http://forbidden/"}, {"events": ["nothing"]}):
        with pytest.raises(Refusal):
            harness.sandbox.endpoints.update(id, **change)
    harness.sandbox.endpoints.update(id, url="http://127.0.0.1:9/new", events=["note.deleted"], enabled=False)
    kept = harness.sandbox.endpoints.get(id)
    assert (kept["url"], kept["events"], kept["enabled"]) == ("http://127.0.0.1:9/new", ["note.deleted"], False)


def test_what_waits_goes_to_the_new_url(harness: Harness, egress: FakeEgress) -> None:
    id = endpoint(harness)["id"]
    emit_events(harness)
    harness.sandbox.endpoints.update(id, url="http://127.0.0.1:9/new")
    harness.deliver_due()
    assert [url for url, _, _ in egress.sent] == ["http://127.0.0.1:9/new"]


def test_a_rotated_secret_signs_beside_the_one_before_until_the_overlap_ends(harness: Harness) -> None:
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
def test_an_endpoint_nobody_knows_is_refused_with_the_nearest(harness: Harness, verb: str) -> None:
    id = endpoint(harness)["id"]
    with pytest.raises(UnknownName, match=f"no webhook endpoint '{id[:-1]}'; did you mean '{id}'"):
        getattr(harness.sandbox.endpoints, verb)(id[:-1])


@pytest.mark.parametrize("do", ["update", "rotate", "delete"])
def test_what_is_done_to_one_endpoint_leaves_the_others_alone(harness: Harness, do: str) -> None:
    others = [endpoint(harness), endpoint(harness, events=["note.deleted"])]
    one = endpoint(harness)
    done = {"update": {"description": "new", "enabled": False}}.get(do, {})
    getattr(harness.sandbox.endpoints, do)(one["id"], **done)
    assert [each for each in harness.sandbox.endpoints.all() if each["id"] != one["id"]] == others
    assert len(harness.sandbox.endpoints.all()) == (2 if do == "delete" else 3)


def test_a_change_leaves_what_it_does_not_name(harness: Harness) -> None:
    made = endpoint(harness, events=["note.created"], secret="mine", description="one")
    assert harness.sandbox.endpoints.update(made["id"], description="two") == {**made, "description": "two"}
    assert harness.sandbox.endpoints.update(made["id"], enabled=False)["secret"] == "mine"


def test_rotations_are_counted_and_each_gives_another_secret(harness: Harness) -> None:
    id = endpoint(harness)["id"]
    seen = [harness.sandbox.endpoints.rotate(id) for _ in range(3)]
    assert [each["rotations"] for each in seen] == [1, 2, 3]
    assert len({each["secret"] for each in seen} | {seen[0]["previous"]["secret"]}) == 4
