"""Deliveries as they are kept: the order they leave in, and what is found of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import SECOND, Refusal, SimulationContext, UnknownName
from mockserver.engine.webhooks import deliveries, events
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, emit_events, endpoint


@pytest.fixture
def harness() -> Harness:
    return make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())


@given(dues=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**16) | st.integers(0, 3)), max_size=30))
def test_the_first_is_the_earliest_and_of_equals_the_oldest(dues: list[tuple[str, int]]) -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    with harness.sandbox.transaction() as space:
        for nth, (endpoint, due) in enumerate(dues):
            record = {"id": f"del_{nth}", "endpoint": endpoint, "state": "pending"}
            space.put(deliveries.COLLECTION, {**record, **deliveries.schedule_members(endpoint, due)})
        firsts = [min((due, nth) for nth, (e, due) in enumerate(dues) if e == each) for each in {e for e, _ in dues}]
        assert [head["id"] for head in deliveries.next_per_endpoint(space)] == [
            f"del_{nth}" for _, nth in sorted(firsts)
        ]


def test_finished_delivery_is_in_no_lane(harness: Harness) -> None:
    assert deliveries.schedule_members("we_1", None) == {"due": None, "lane": None, "behind": None}
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    with harness.sandbox.transaction() as space:
        assert deliveries.next_per_endpoint(space) == []


def test_one_endpoint_may_be_told_of_what_it_did_not_ask_for(harness: Harness) -> None:
    other, chosen = endpoint(harness), endpoint(harness, events=["note.deleted"])
    event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
    with harness.sandbox.transaction() as space:
        (id,) = deliveries.enqueue(harness.sandbox, space, NOON, event, only=chosen["id"])
        assert deliveries.get_delivery(space, id)["endpoint"] == chosen["id"] != other["id"]


def test_what_was_kept_back_goes_when_another_of_its_endpoint_has_gone(harness: Harness) -> None:
    with harness.sandbox.transaction() as space:
        for id, endpoint in (("del_1", "we_1"), ("del_2", "we_2")):
            record = {"id": id, "endpoint": endpoint, "state": "pending"}
            space.put(
                deliveries.COLLECTION, {**record, **deliveries.schedule_members(endpoint, NOON + SECOND, endpoint)}
            )
        deliveries.release_postponed(space, "we_1", NOON)
        first, second = deliveries.next_per_endpoint(space)
        assert (first["id"], first["due"], first["behind"]) == ("del_1", NOON, None)
        assert (second["due"], second["behind"]) == (NOON + SECOND, "we_2")


def test_a_test_event_goes_once_under_an_id_of_its_own(harness: Harness) -> None:
    posts = FakeEgress(respond=lambda _url, _nth: 500)
    harness.sandbox.sender = posts
    id = endpoint(harness, events=["note.deleted"])["id"]
    with harness.sandbox.transaction() as space:
        made = events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)
        made += events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)
    harness.advance("30d")
    assert len(made) == 2
    assert posts.ids == ["evt_note_test_1", "evt_note_test_2"]


def test_a_provider_that_sends_no_test_event_says_so() -> None:
    assert ACME_WITH_WEBHOOKS.webhooks is not None
    harness = make_harness(
        replace(ACME_WITH_WEBHOOKS, webhooks=replace(ACME_WITH_WEBHOOKS.webhooks, test_event_type=None)),
        sender=FakeEgress(),
    )
    id = endpoint(harness)["id"]
    with harness.sandbox.transaction() as space, pytest.raises(Refusal, match="Acme has no test event"):
        events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)


def test_a_delivery_is_found_waiting_and_within_reach_or_why_not(harness: Harness) -> None:
    where = endpoint(harness)["id"]
    emit_events(harness)
    (kept,) = harness.sandbox.outbox.all()
    with harness.sandbox.transaction() as space:
        assert deliveries.get_pending(space, kept["id"]) == kept
        assert deliveries.get_deliverable(space, kept["id"]) == kept
        with pytest.raises(UnknownName):
            deliveries.get_delivery(space, "del_0")
    harness.deliver_due()
    harness.sandbox.endpoints.delete(where)
    with harness.sandbox.transaction() as space:
        assert deliveries.get_pending(space, kept["id"]) is None
        with pytest.raises(Refusal, match=f"its webhook endpoint '{where}' is deleted"):
            deliveries.get_deliverable(space, kept["id"])


def test_a_delivery_nobody_knows_is_refused_with_the_nearest_of_the_twenty_newest(harness: Harness) -> None:
    endpoint(harness)
    emit_events(harness, 25)
    ids = [each["id"] for each in harness.sandbox.outbox.all()]
    named = []
    for id in ids:
        with pytest.raises(UnknownName) as refused:
            harness.sandbox.outbox.get(f"{id}x")
        named.append(f"{id!r}" in str(refused.value))
    assert named == [False] * 5 + [True] * 20


def test_a_provider_that_sends_no_webhooks_tells_nobody_even_of_endpoints_that_came_with_a_state(acme: Harness) -> None:
    with acme.sandbox.transaction() as space:
        space.put("_endpoints", {"id": "we_1", "events": ["*"], "enabled": True, "version": ""})
        event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
        assert deliveries.enqueue(acme.sandbox, space, NOON, event) == []
    assert acme.sandbox.outbox.all() == []
