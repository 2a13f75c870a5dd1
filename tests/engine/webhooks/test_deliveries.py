"""Deliveries as they are kept: the order they leave in, and what is found of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import SECOND, Moment, Refusal, Unknown
from mockserver.engine.webhooks import deliveries, events
from tests.support.acme import TELLING
from tests.support.webhook_receivers import Posts, endpoint, happen
from tests.support.worlds import NOON, World, make_world


@pytest.fixture
def world() -> World:
    return make_world(TELLING, post=Posts())


@given(dues=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**16) | st.integers(0, 3)), max_size=30))
def test_the_first_is_the_earliest_and_of_equals_the_oldest(dues: list[tuple[str, int]]) -> None:
    world = make_world(TELLING, post=Posts())
    with world.sandbox.transaction() as space:
        for nth, (endpoint, due) in enumerate(dues):
            record = {"id": f"del_{nth}", "endpoint": endpoint, "state": "pending"}
            space.put(deliveries.KEPT, {**record, **deliveries.waiting(endpoint, due)})
        firsts = [min((due, nth) for nth, (e, due) in enumerate(dues) if e == each) for each in {e for e, _ in dues}]
        assert [head["id"] for head in deliveries.heads(space)] == [f"del_{nth}" for _, nth in sorted(firsts)]


def test_what_does_not_wait_is_in_no_lane(world: World) -> None:
    assert deliveries.waiting("we_1", None) == {"due": None, "lane": None, "behind": None}
    endpoint(world)
    happen(world)
    world.settle()
    with world.sandbox.transaction() as space:
        assert deliveries.heads(space) == []


def test_one_endpoint_may_be_told_of_what_it_did_not_ask_for(world: World) -> None:
    other, chosen = endpoint(world), endpoint(world, events=["note.deleted"])
    event = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {}}
    with world.sandbox.transaction() as space:
        (id,) = deliveries.post(world.sandbox, space, NOON, event, only=chosen["id"])
        assert deliveries.found(space, id)["endpoint"] == chosen["id"] != other["id"]


def test_what_was_kept_back_goes_when_another_of_its_endpoint_has_gone(world: World) -> None:
    with world.sandbox.transaction() as space:
        for id, endpoint in (("del_1", "we_1"), ("del_2", "we_2")):
            record = {"id": id, "endpoint": endpoint, "state": "pending"}
            space.put(deliveries.KEPT, {**record, **deliveries.waiting(endpoint, NOON + SECOND, endpoint)})
        deliveries.let_go(space, "we_1", NOON)
        first, second = deliveries.heads(space)
        assert (first["id"], first["due"], first["behind"]) == ("del_1", NOON, None)
        assert (second["due"], second["behind"]) == (NOON + SECOND, "we_2")


def test_a_test_event_goes_once_under_an_id_of_its_own(world: World) -> None:
    posts = Posts(answer=lambda _url, _nth: 500)
    world.sandbox.post = posts
    id = endpoint(world, events=["note.deleted"])["id"]
    with world.sandbox.transaction() as space:
        made = events.test_event(Moment(world.sandbox, NOON, space), id)
        made += events.test_event(Moment(world.sandbox, NOON, space), id)
    world.advance("30d")
    assert len(made) == 2
    assert posts.ids == ["evt_note_test_1", "evt_note_test_2"]


def test_a_provider_that_sends_no_test_event_says_so() -> None:
    assert TELLING.webhooks is not None
    world = make_world(replace(TELLING, webhooks=replace(TELLING.webhooks, test=None)), post=Posts())
    id = endpoint(world)["id"]
    with world.sandbox.transaction() as space, pytest.raises(Refusal, match="Acme has no test event"):
        events.test_event(Moment(world.sandbox, NOON, space), id)


def test_a_delivery_is_found_waiting_and_within_reach_or_why_not(world: World) -> None:
    where = endpoint(world)["id"]
    happen(world)
    (kept,) = world.sandbox.outbox.all()
    with world.sandbox.transaction() as space:
        assert deliveries.waiting_still(space, kept["id"]) == kept
        assert deliveries.within_reach(space, kept["id"]) == kept
        with pytest.raises(Unknown):
            deliveries.found(space, "del_0")
    world.settle()
    world.sandbox.endpoints.drop(where)
    with world.sandbox.transaction() as space:
        assert deliveries.waiting_still(space, kept["id"]) is None
        with pytest.raises(Refusal, match=f"its webhook endpoint '{where}' is gone"):
            deliveries.within_reach(space, kept["id"])
