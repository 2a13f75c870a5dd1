"""Who is to be told: endpoints are registered, changed, rotated and deleted as in a vendor's console."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import SECOND, Refusal, Unknown
from mockserver.engine.webhooks import endpoints
from tests.support.acme import ACME, TELLING
from tests.support.webhook_receivers import Posts, endpoint, happen
from tests.support.worlds import NOON, World, make_world


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
def world(posts: Posts) -> World:
    return make_world(TELLING, post=posts)


def test_an_endpoint_is_made_with_an_id_a_secret_and_every_type(world: World) -> None:
    made = endpoint(world)
    assert made["id"].startswith("we_")
    assert made["secret"].startswith("whsec_")
    assert (made["events"], made["version"], made["enabled"], made["created_at"]) == (["*"], "", True, NOON)
    assert world.sandbox.endpoints.get(made["id"]) == made


def test_the_same_seed_makes_the_same_endpoints_and_no_two_alike(world: World) -> None:
    first, second = endpoint(world), endpoint(world)
    assert len({first["id"], second["id"], first["secret"], second["secret"]}) == 4
    again = make_world(TELLING, post=Posts())
    assert [endpoint(again), endpoint(again)] == [first, second]


def test_what_is_given_is_taken(world: World) -> None:
    made = endpoint(world, events=["note.created"], secret="my secret", description="mine")
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
    world: World, wanted: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        world.sandbox.endpoints.add(**{"url": "http://127.0.0.1:9/", **wanted})
    assert world.sandbox.endpoints.all() == []


def test_a_provider_that_sends_no_webhooks_has_no_endpoints() -> None:
    with pytest.raises(Refusal, match="Acme sends no webhooks"):
        endpoint(make_world(ACME, post=Posts()))


def test_a_sandbox_has_so_many_endpoints_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 2)
    first, _ = endpoint(world), endpoint(world)
    with pytest.raises(Refusal, match="at most 2 webhook endpoints"):
        endpoint(world)
    world.sandbox.endpoints.drop(first["id"])
    endpoint(world)


def test_a_change_is_checked_as_a_new_endpoint_is(world: World) -> None:
    id = endpoint(world)["id"]
    for change in ({"url": "http://forbidden/"}, {"events": ["nothing"]}):
        with pytest.raises(Refusal):
            world.sandbox.endpoints.change(id, **change)
    world.sandbox.endpoints.change(id, url="http://127.0.0.1:9/new", events=["note.deleted"], enabled=False)
    kept = world.sandbox.endpoints.get(id)
    assert (kept["url"], kept["events"], kept["enabled"]) == ("http://127.0.0.1:9/new", ["note.deleted"], False)


def test_what_waits_goes_to_the_new_url(world: World, posts: Posts) -> None:
    id = endpoint(world)["id"]
    happen(world)
    world.sandbox.endpoints.change(id, url="http://127.0.0.1:9/new")
    world.settle()
    assert [url for url, _, _ in posts.sent] == ["http://127.0.0.1:9/new"]


def test_a_rotated_secret_signs_beside_the_one_before_until_the_overlap_ends(world: World) -> None:
    before = endpoint(world)
    after = world.sandbox.endpoints.rotate(before["id"], overlap=60 * SECOND)
    assert after["secret"] != before["secret"]
    both = (after["secret"], before["secret"])
    assert endpoints.secrets(after, NOON) == both
    assert endpoints.secrets(after, NOON + 60 * SECOND - 1) == both
    assert endpoints.secrets(after, NOON + 60 * SECOND) == (after["secret"],)


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(world: World) -> None:
    before = endpoint(world)
    after = world.sandbox.endpoints.rotate(before["id"])
    assert endpoints.secrets(after, NOON) == (after["secret"],)
    third = world.sandbox.endpoints.rotate(before["id"], secret="chosen")
    assert (third["secret"], third["previous"]["secret"]) == ("chosen", after["secret"])


@pytest.mark.parametrize("verb", ["get", "change", "rotate", "drop"])
def test_an_endpoint_nobody_knows_is_refused_with_the_nearest(world: World, verb: str) -> None:
    id = endpoint(world)["id"]
    with pytest.raises(Unknown, match=f"no webhook endpoint '{id[:-1]}'; did you mean '{id}'"):
        getattr(world.sandbox.endpoints, verb)(id[:-1])


@pytest.mark.parametrize("do", ["change", "rotate", "drop"])
def test_what_is_done_to_one_endpoint_leaves_the_others_alone(world: World, do: str) -> None:
    others = [endpoint(world), endpoint(world, events=["note.deleted"])]
    one = endpoint(world)
    done = {"change": {"description": "new", "enabled": False}}.get(do, {})
    getattr(world.sandbox.endpoints, do)(one["id"], **done)
    assert [each for each in world.sandbox.endpoints.all() if each["id"] != one["id"]] == others
    assert len(world.sandbox.endpoints.all()) == (2 if do == "drop" else 3)


def test_a_change_leaves_what_it_does_not_name(world: World) -> None:
    made = endpoint(world, events=["note.created"], secret="mine", description="one")
    assert world.sandbox.endpoints.change(made["id"], description="two") == {**made, "description": "two"}
    assert world.sandbox.endpoints.change(made["id"], enabled=False)["secret"] == "mine"


def test_rotations_are_counted_and_each_gives_another_secret(world: World) -> None:
    id = endpoint(world)["id"]
    seen = [world.sandbox.endpoints.rotate(id) for _ in range(3)]
    assert [each["rotations"] for each in seen] == [1, 2, 3]
    assert len({each["secret"] for each in seen} | {seen[0]["previous"]["secret"]}) == 4
