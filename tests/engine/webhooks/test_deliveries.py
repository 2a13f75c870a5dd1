"""Delivery records: their order, queries and refusals."""

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
def test_the_next_delivery_is_the_earliest_and_of_equals_the_oldest(dues: list[tuple[str, int]]) -> None:
    harness = make_harness(ACME_WITH_WEBHOOKS, sender=FakeEgress())
    with harness.sandbox.transaction() as space:
        for nth, (endpoint, due) in enumerate(dues):
            record = {"id": f"del_{nth}", "endpoint": endpoint, "state": "pending"}
            space.put(deliveries.COLLECTION, {**record, **deliveries.schedule_members(endpoint, due)})
        firsts = [min((due, nth) for nth, (e, due) in enumerate(dues) if e == each) for each in {e for e, _ in dues}]
        assert [head["id"] for head in deliveries.next_per_endpoint(space)] == [
            f"del_{nth}" for _, nth in sorted(firsts)
        ]


def test_a_finished_delivery_is_in_no_lane(harness: Harness) -> None:
    assert deliveries.schedule_members("we_1", None) == {"due": None, "lane": None, "behind": None}
    endpoint(harness)
    emit_events(harness)
    harness.deliver_due()
    with harness.sandbox.transaction() as space:
        assert deliveries.next_per_endpoint(space) == []


def test_only_selects_an_endpoint_that_is_not_subscribed(harness: Harness) -> None:
    other, selected = endpoint(harness), endpoint(harness, events=["note.deleted"])
    event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
    with harness.sandbox.transaction() as space:
        (id,) = deliveries.enqueue(harness.sandbox, space, NOON, event, endpoint=selected["id"])
        assert deliveries.get_delivery(space, id)["endpoint"] == selected["id"] != other["id"]


def test_a_postponed_delivery_is_released_by_another_to_its_endpoint(harness: Harness) -> None:
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


def test_a_test_event_is_sent_once_with_its_own_id(harness: Harness) -> None:
    egress = FakeEgress(respond=lambda _url, _nth: 500)
    harness.sandbox.sender = egress
    id = endpoint(harness, events=["note.deleted"])["id"]
    with harness.sandbox.transaction() as space:
        sent = events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)
        sent += events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)
    harness.advance("30d")
    assert len(sent) == 2
    assert egress.ids == ["evt_note_test_1", "evt_note_test_2"]


def test_a_provider_without_a_test_event_refuses_it() -> None:
    assert ACME_WITH_WEBHOOKS.webhooks is not None
    harness = make_harness(
        replace(ACME_WITH_WEBHOOKS, webhooks=replace(ACME_WITH_WEBHOOKS.webhooks, test_event_type=None)),
        sender=FakeEgress(),
    )
    id = endpoint(harness)["id"]
    with harness.sandbox.transaction() as space, pytest.raises(Refusal, match="Acme has no test event"):
        events.send_test_event(SimulationContext(harness.sandbox, NOON, space), id)


def test_pending_and_deliverable_deliveries_are_found_or_refused(harness: Harness) -> None:
    endpoint_id = endpoint(harness)["id"]
    emit_events(harness)
    (delivery,) = harness.sandbox.outbox.all()
    with harness.sandbox.transaction() as space:
        assert deliveries.get_pending(space, delivery["id"]) == delivery
        assert deliveries.get_deliverable(space, delivery["id"]) == delivery
        with pytest.raises(UnknownName):
            deliveries.get_delivery(space, "del_0")
    harness.deliver_due()
    harness.sandbox.endpoints.delete(endpoint_id)
    with harness.sandbox.transaction() as space:
        assert deliveries.get_pending(space, delivery["id"]) is None
        with pytest.raises(Refusal, match=f"its webhook endpoint '{endpoint_id}' is deleted"):
            deliveries.get_deliverable(space, delivery["id"])


def test_an_unknown_delivery_is_refused_with_the_nearest_of_the_twenty_newest(harness: Harness) -> None:
    endpoint(harness)
    emit_events(harness, 25)
    ids = [each["id"] for each in harness.sandbox.outbox.all()]
    suggested = []
    for id in ids:
        with pytest.raises(UnknownName) as refused:
            harness.sandbox.outbox.get(f"{id}x")
        suggested.append(f"{id!r}" in str(refused.value))
    assert suggested == [False] * 5 + [True] * 20


def test_a_provider_without_webhooks_enqueues_nothing_even_with_imported_endpoints(acme: Harness) -> None:
    with acme.sandbox.transaction() as space:
        space.put("_endpoints", {"id": "we_1", "events": ["*"], "enabled": True, "version": ""})
        event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
        assert deliveries.enqueue(acme.sandbox, space, NOON, event) == []
    assert acme.sandbox.outbox.all() == []
