"""Sandboxes that another process makes and deletes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.engine import SECOND, Unknown
from tests.support.acme import ACME
from tests.support.engines_on_redis import fleet
from tests.support.worlds import World


@pytest.fixture
def both(redis_url: str) -> Iterator[tuple[World, World]]:
    with fleet(redis_url, ACME) as (one, other):
        yield one, other


def make(world: World, name: str = "mine") -> str:
    """Make a sandbox; answers its key."""
    secret: str = world.admin("POST", "/sandboxes", {"provider": "acme", "name": name}).json["keys"][0]["secret"]
    return secret


def test_a_sandbox_of_one_answers_at_the_other(both: tuple[World, World]) -> None:
    key = make(both[0])
    assert both[1].ask("GET", "/v1/notes", key=key).status_code == 200
    calls = both[0].admin("GET", "/sandboxes/mine/requests").json["requests"]
    assert [each["path"] for each in calls] == ["/acme/v1/notes"]


def test_a_sandbox_that_one_deletes_is_gone_for_the_other(both: tuple[World, World]) -> None:
    one, other = both
    key = make(one)
    other.ask("GET", "/v1/notes", key=key)
    one.admin("DELETE", "/sandboxes/mine")
    assert other.ask("GET", "/v1/notes", key=key).status_code == 401
    assert other.admin("GET", "/sandboxes/mine").status_code == 404
    assert "mine" not in other.engine.sandboxes


def test_a_name_that_one_has_taken_the_other_cannot_take(both: tuple[World, World]) -> None:
    make(both[0])
    assert both[1].admin("POST", "/sandboxes", {"provider": "acme", "name": "mine"}).status_code == 409


def test_a_name_is_free_again_for_all_once_its_sandbox_is_deleted(both: tuple[World, World]) -> None:
    one, other = both
    old = make(one)
    other.ask("POST", "/v1/notes", key=old, json={"text": "of the old one"})
    one.admin("DELETE", "/sandboxes/mine")
    new = make(other)
    assert one.ask("GET", "/v1/notes", key=new).json["data"] == other.ask("GET", "/v1/notes", key=new).json["data"]
    assert "of the old one" not in one.ask("GET", "/v1/notes", key=new).text


def test_the_list_of_sandboxes_is_the_same_everywhere(both: tuple[World, World]) -> None:
    make(both[0], "a")
    make(both[1], "b")
    lists = [{each["id"] for each in world.admin("GET", "/sandboxes").json} for world in both]
    assert lists == [{"acme", "a", "b"}] * 2


def test_sandboxes_without_a_name_get_names_of_their_own(both: tuple[World, World]) -> None:
    ids = [world.admin("POST", "/sandboxes", {"provider": "acme"}).json["id"] for world in both * 2]
    assert len(set(ids)) == 4


def test_what_another_process_has_used_is_not_idle(both: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = both
    key = make(one)
    later = one.engine.sandbox("mine").shared.used_at + 100 * SECOND
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall", lambda: later)
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall", lambda: later)
    other.ask("GET", "/v1/notes", key=key)
    assert one.engine.evict(50 * SECOND) == []
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall", lambda: later + 100 * SECOND)
    assert one.engine.evict(50 * SECOND) == ["mine"]
    assert other.admin("GET", "/sandboxes/mine").status_code == 404


def test_a_sandbox_nobody_knows_is_answered_with_the_nearest(acme: World) -> None:
    with pytest.raises(Unknown, match="did you mean 'acme'"):
        acme.engine.sandbox("acne")
