"""Sandboxes that another process makes and deletes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.engine import SECOND, UnknownName
from tests.support.acme import ACME
from tests.support.harness import Harness
from tests.support.redis_cluster import make_cluster


@pytest.fixture
def two_harnesses(redis_url: str) -> Iterator[tuple[Harness, Harness]]:
    with make_cluster(redis_url, ACME) as (one, other):
        yield one, other


def make(harness: Harness, name: str = "mine") -> str:
    """Make a sandbox; answers its key."""
    secret: str = harness.admin("POST", "/sandboxes", {"provider": "acme", "name": name}).json["keys"][0]["secret"]
    return secret


def test_a_sandbox_of_one_answers_at_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    key = make(two_harnesses[0])
    assert two_harnesses[1].request("GET", "/v1/notes", key=key).status_code == 200
    calls = two_harnesses[0].admin("GET", "/sandboxes/mine/requests").json["requests"]
    assert [each["path"] for each in calls] == ["/acme/v1/notes"]


def test_a_sandbox_that_one_deletes_is_gone_for_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    key = make(one)
    other.request("GET", "/v1/notes", key=key)
    one.admin("DELETE", "/sandboxes/mine")
    assert other.request("GET", "/v1/notes", key=key).status_code == 401
    assert other.admin("GET", "/sandboxes/mine").status_code == 404
    assert "mine" not in other.engine.sandboxes


def test_a_name_that_one_has_taken_the_other_cannot_take(two_harnesses: tuple[Harness, Harness]) -> None:
    make(two_harnesses[0])
    assert two_harnesses[1].admin("POST", "/sandboxes", {"provider": "acme", "name": "mine"}).status_code == 409


def test_a_name_is_free_again_for_all_once_its_sandbox_is_deleted(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    old = make(one)
    other.request("POST", "/v1/notes", key=old, json={"text": "of the old one"})
    one.admin("DELETE", "/sandboxes/mine")
    new = make(other)
    assert (
        one.request("GET", "/v1/notes", key=new).json["data"] == other.request("GET", "/v1/notes", key=new).json["data"]
    )
    assert "of the old one" not in one.request("GET", "/v1/notes", key=new).text


def test_the_list_of_sandboxes_is_the_same_everywhere(two_harnesses: tuple[Harness, Harness]) -> None:
    make(two_harnesses[0], "a")
    make(two_harnesses[1], "b")
    lists = [{each["id"] for each in harness.admin("GET", "/sandboxes").json} for harness in two_harnesses]
    assert lists == [{"acme", "a", "b"}] * 2


def test_sandboxes_without_a_name_get_names_of_their_own(two_harnesses: tuple[Harness, Harness]) -> None:
    ids = [harness.admin("POST", "/sandboxes", {"provider": "acme"}).json["id"] for harness in two_harnesses * 2]
    assert len(set(ids)) == 4


def test_what_another_process_has_used_is_not_idle(
    two_harnesses: tuple[Harness, Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two_harnesses
    key = make(one)
    later = one.engine.get_sandbox("mine").sync.used_at + 100 * SECOND
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall_time", lambda: later)
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall_time", lambda: later)
    other.request("GET", "/v1/notes", key=key)
    assert one.engine.evict(50 * SECOND) == []
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall_time", lambda: later + 100 * SECOND)
    assert one.engine.evict(50 * SECOND) == ["mine"]
    assert other.admin("GET", "/sandboxes/mine").status_code == 404


def test_a_sandbox_nobody_knows_is_answered_with_the_nearest(acme: Harness) -> None:
    with pytest.raises(UnknownName, match="did you mean 'acme'"):
        acme.engine.get_sandbox("acne")
