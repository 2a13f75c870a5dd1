"""The data a workspace begins with: big enough, sound, fake, and the same for the same seed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.engine import State
from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.audit_logs import EVENT_TYPES
from tests.support.datasets import STORED_SIZES, cached_dataset
from tests.support.harness import make_harness

APPROXIMATE_SIZES = {"small": 50, "medium": 1_000, "large": 10_000}
REFERENCE_FIELDS = {"userId": "users", "roleId": "roles", "groupId": "groups", "parentGroupId": "groups"}
UNIQUE = [("users", "username"), ("users", "email"), ("applications", "clientId"), ("claim_mappers", "claimName")]


def references(state: State) -> Iterator[tuple[str, int]]:
    for collection, records in state.items():
        for record in records:
            points = (
                REFERENCE_FIELDS if collection == "applications" else {**REFERENCE_FIELDS, "clientId": "applications"}
            )
            yield from ((points[name], record[name]) for name in points if record.get(name) is not None)


def check_integrity(state: State, about: int) -> None:
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
    assert {event["eventType"] for event in state["audit_events"]} <= EVENT_TYPES
    assert len(state["claim_mappers"]) <= 20


@pytest.mark.parametrize("size", STORED_SIZES)
def test_a_data_set_is_as_big_as_it_says_and_sound(size: str) -> None:
    check_integrity(cached_dataset("kotauth", size), APPROXIMATE_SIZES[size])


def data_set_with_keys() -> State:
    collections = make_harness(PROVIDER).engine.export("kotauth")["collections"]
    return {"_keys": collections["_keys"], "_counters": collections["_counters"]}


def test_a_large_data_set_is_sound_and_a_server_can_serve_it() -> None:
    state = cached_dataset("kotauth", "large")
    check_integrity(state, APPROXIMATE_SIZES["large"])
    harness = make_harness(PROVIDER)
    harness.engine.restore("kotauth", {"provider": "kotauth", "collections": {**data_set_with_keys(), **state}})
    answer = harness.request("GET", "/t/kotauth/api/v1/users?limit=100&offset=1900")
    assert [user["id"] for user in answer.json["data"]] == list(range(1901, 2001))
    assert answer.json["meta"]["total"] == 2000


def test_another_seed_gives_other_people() -> None:
    one, two = cached_dataset("kotauth", "small"), cached_dataset("kotauth", "small", "2")
    assert not {user["fullName"] for user in one["users"]} & {user["fullName"] for user in two["users"]}
    check_integrity(two, APPROXIMATE_SIZES["small"])


def test_a_workspace_begins_with_what_its_console_makes_and_what_the_api_cannot_make() -> None:
    state = cached_dataset("kotauth", "small")
    assert state["applications"][0]["clientId"] == "kotauth-portal"
    assert [role["name"] for role in state["roles"]][:2] == ["admin", "user"]
    assert {role["scope"] for role in state["roles"]} == {"TENANT", "CLIENT"}
    assert {app["accessType"] for app in state["applications"]} == {"public", "confidential"}
    assert None in {session["userId"] for session in state["sessions"]}
    assert [group["parentGroupId"] for group in state["groups"]] == [None, 1, None, 3]


def test_records_were_made_one_after_another_and_before_today() -> None:
    created = [
        record["_created"]
        for records in cached_dataset("kotauth", "medium").values()
        for record in records
        if "_created" in record
    ]
    assert created == sorted(set(created))
    assert created[-1] < 1772366400 * 1_000_000


def test_new_records_go_on_counting_where_the_seed_stopped() -> None:
    harness = make_harness(PROVIDER)
    body: dict[str, Any] = {"name": "one-more"}
    made = [harness.request("POST", f"/t/kotauth/api/v1/{kind}", json=body).json["id"] for kind in ("roles", "groups")]
    assert made == [
        len(cached_dataset("kotauth", "small")["roles"]) + 1,
        len(cached_dataset("kotauth", "small")["groups"]) + 1,
    ]
