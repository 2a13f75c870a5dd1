"""Sandboxes that another process creates and deletes."""

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


def create_sandbox(harness: Harness, name: str = "mine") -> str:
    """Creates a sandbox and returns its key."""
    secret: str = harness.admin("POST", "/sandboxes", {"provider": "acme", "name": name}).json["keys"][0]["secret"]
    return secret


def test_a_sandbox_of_one_process_works_in_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    key = create_sandbox(two_harnesses[0])
    assert two_harnesses[1].request("GET", "/v1/notes", key=key).status_code == 200
    calls = two_harnesses[0].admin("GET", "/sandboxes/mine/requests").json["requests"]
    assert [each["path"] for each in calls] == ["/acme/v1/notes"]


def test_a_sandbox_that_one_process_deletes_is_gone_in_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    key = create_sandbox(one)
    other.request("GET", "/v1/notes", key=key)
    one.admin("DELETE", "/sandboxes/mine")
    assert other.request("GET", "/v1/notes", key=key).status_code == 401
    assert other.admin("GET", "/sandboxes/mine").status_code == 404
    assert "mine" not in other.engine.sandboxes


def test_a_name_taken_in_one_process_is_refused_in_the_other(two_harnesses: tuple[Harness, Harness]) -> None:
    create_sandbox(two_harnesses[0])
    assert two_harnesses[1].admin("POST", "/sandboxes", {"provider": "acme", "name": "mine"}).status_code == 409


def test_the_name_of_a_deleted_sandbox_is_free_in_all_processes(two_harnesses: tuple[Harness, Harness]) -> None:
    one, other = two_harnesses
    old = create_sandbox(one)
    other.request("POST", "/v1/notes", key=old, json={"text": "of the old one"})
    one.admin("DELETE", "/sandboxes/mine")
    new = create_sandbox(other)
    assert (
        one.request("GET", "/v1/notes", key=new).json["data"] == other.request("GET", "/v1/notes", key=new).json["data"]
    )
    assert "of the old one" not in one.request("GET", "/v1/notes", key=new).text


def test_the_list_of_sandboxes_is_the_same_in_all_processes(two_harnesses: tuple[Harness, Harness]) -> None:
    create_sandbox(two_harnesses[0], "a")
    create_sandbox(two_harnesses[1], "b")
    lists = [{each["id"] for each in harness.admin("GET", "/sandboxes").json} for harness in two_harnesses]
    assert lists == [{"acme", "a", "b"}] * 2


def test_sandboxes_without_a_name_get_different_names(two_harnesses: tuple[Harness, Harness]) -> None:
    ids = [harness.admin("POST", "/sandboxes", {"provider": "acme"}).json["id"] for harness in two_harnesses * 2]
    assert len(set(ids)) == 4


def test_a_sandbox_used_by_another_process_is_not_idle(
    two_harnesses: tuple[Harness, Harness], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two_harnesses
    key = create_sandbox(one)
    later = one.engine.get_sandbox("mine").sync.used_at + 100 * SECOND
    monkeypatch.setattr("mockserver.engine.sandbox.sandbox.wall_time", lambda: later)
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall_time", lambda: later)
    other.request("GET", "/v1/notes", key=key)
    assert one.engine.evict(50 * SECOND) == []
    monkeypatch.setattr("mockserver.engine.sandbox.engine.wall_time", lambda: later + 100 * SECOND)
    assert one.engine.evict(50 * SECOND) == ["mine"]
    assert other.admin("GET", "/sandboxes/mine").status_code == 404


def test_an_unknown_sandbox_is_refused_with_the_nearest(acme: Harness) -> None:
    with pytest.raises(UnknownName, match="did you mean 'acme'"):
        acme.engine.get_sandbox("acne")
