"""The data a workspace begins with: big enough, sound, fake, and the same for the same seed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from json import loads
from typing import Any

import pytest

from mockserver.app import fixtures
from mockserver.engine import Randomness, State, as_json
from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.audit_logs import TYPES
from tests.worlds import make_world

ABOUT = {"small": 50, "medium": 1_000, "large": 10_000}
WRITTEN = ("small", "medium")
POINTS = {"userId": "users", "roleId": "roles", "groupId": "groups", "parentGroupId": "groups"}
UNIQUE = [("users", "username"), ("users", "email"), ("applications", "clientId"), ("claim_mappers", "claimName")]


def quiet(done: int, total: int) -> None:
    """Watch nothing."""


@cache
def generated(size: str, seed: str = "1") -> State:
    return PROVIDER.generate(Randomness(seed), size, quiet)


def references(state: State) -> Iterator[tuple[str, int]]:
    for collection, records in state.items():
        for record in records:
            points = POINTS if collection == "applications" else {**POINTS, "clientId": "applications"}
            yield from ((points[name], record[name]) for name in points if record.get(name) is not None)


def check_sound(state: State, about: int) -> None:
    """Everything that must hold of a data set of any size."""
    assert 0.8 * about <= sum(len(records) for name, records in state.items() if name != "sequences") <= 1.2 * about
    ids = {collection: {record["id"] for record in records} for collection, records in state.items()}
    assert all(len(ids[collection]) == len(records) for collection, records in state.items())
    assert not [pair for pair in references(state) if str(pair[1]) not in ids[pair[0]]]
    for collection, field in UNIQUE:
        values = [record[field] for record in state[collection]]
        assert len(set(values)) == len(values), (collection, field)
    places = Counter((role["name"], role["scope"], role["clientId"]) for role in state["roles"])
    assert set(places.values()) == {1}
    for user in state["users"]:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)*\.\d+@acme\.test", user["email"]), user["email"]
    assert {event["eventType"] for event in state["audit_events"]} <= TYPES
    assert len(state["claim_mappers"]) <= 20


@pytest.mark.parametrize("size", WRITTEN)
def test_a_data_set_is_as_big_as_it_says_and_sound(size: str) -> None:
    check_sound(generated(size), ABOUT[size])


def keyed() -> State:
    collections = make_world(PROVIDER).engine.export("kotauth")["collections"]
    return {"_keys": collections["_keys"], "_counters": collections["_counters"]}


def test_a_large_data_set_is_sound_and_a_server_can_serve_it() -> None:
    state = generated("large")
    check_sound(state, ABOUT["large"])
    world = make_world(PROVIDER)
    world.engine.restore("kotauth", {"provider": "kotauth", "collections": {**keyed(), **state}})
    answer = world.ask("GET", "/t/kotauth/api/v1/users?limit=100&offset=1900")
    assert [user["id"] for user in answer.json["data"]] == list(range(1901, 2001))
    assert answer.json["meta"]["total"] == 2000


@pytest.mark.parametrize("size", WRITTEN)
def test_the_same_seed_gives_the_same_bytes(size: str) -> None:
    assert as_json(PROVIDER.generate(Randomness("1"), size, quiet)) == as_json(generated(size))


def test_another_seed_gives_other_people() -> None:
    one, two = generated("small"), generated("small", "2")
    assert not {user["fullName"] for user in one["users"]} & {user["fullName"] for user in two["users"]}
    check_sound(two, ABOUT["small"])


def lines(state: State) -> str:
    """A data set as it is written: one record a line."""
    parts = (
        f'"{name}": [\n' + ",\n".join(as_json(record).decode() for record in records) + "\n]"
        for name, records in sorted(state.items())
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


@pytest.mark.parametrize("size", WRITTEN)
def test_the_written_data_set_is_what_the_generator_makes(size: str) -> None:
    written = (fixtures() / "datasets" / f"kotauth-{size}.json").read_text(encoding="utf-8")
    assert written == lines(generated(size))


def test_the_data_does_not_change_with_the_machine_or_the_version_of_what_makes_it() -> None:
    digests = {size: sha256(as_json(generated(size))).hexdigest()[:16] for size in WRITTEN}
    assert digests == {"small": "8d1a33f0a87ba8a9", "medium": "e6e07cbd94f83831"}


def test_a_workspace_begins_with_what_its_console_makes_and_what_the_api_cannot_make() -> None:
    state = generated("small")
    assert state["applications"][0]["clientId"] == "kotauth-portal"
    assert [role["name"] for role in state["roles"]][:2] == ["admin", "user"]
    assert {role["scope"] for role in state["roles"]} == {"TENANT", "CLIENT"}
    assert {app["accessType"] for app in state["applications"]} == {"public", "confidential"}
    assert None in {session["userId"] for session in state["sessions"]}
    assert [group["parentGroupId"] for group in state["groups"]] == [None, 1, None, 3]


def test_records_were_made_one_after_another_and_before_today() -> None:
    created = [
        record["_created"] for records in generated("medium").values() for record in records if "_created" in record
    ]
    assert created == sorted(set(created))
    assert created[-1] < 1772366400 * 1_000_000


def test_new_records_go_on_counting_where_the_seed_stopped() -> None:
    world = make_world(PROVIDER)
    body: dict[str, Any] = {"name": "one-more"}
    made = [world.ask("POST", f"/t/kotauth/api/v1/{kind}", json=body).json["id"] for kind in ("roles", "groups")]
    assert made == [len(generated("small")["roles"]) + 1, len(generated("small")["groups"]) + 1]


@pytest.mark.parametrize("size", WRITTEN)
@pytest.mark.parametrize("seed", ["1", "another"])
def test_a_new_sandbox_holds_the_data_of_its_seed_and_size(size: str, seed: str) -> None:
    world = make_world(PROVIDER)
    wanted = {"provider": "kotauth", "name": "mine", "slug": "acme", "seed": seed, "size": size}
    assert world.admin("POST", "/sandboxes", wanted).status_code == 201
    kept = world.engine.export("mine")["collections"]
    expected = generated(size, seed)
    assert {name: kept[name] for name in expected} == loads(as_json(expected))
