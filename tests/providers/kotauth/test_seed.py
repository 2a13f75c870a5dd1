"""The seed data of a workspace: size, consistency, fake values, and equality for equal seeds."""

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
            targets = (
                REFERENCE_FIELDS if collection == "applications" else {**REFERENCE_FIELDS, "clientId": "applications"}
            )
            yield from ((targets[name], record[name]) for name in targets if record.get(name) is not None)


def check_integrity(state: State, approximate_size: int) -> None:
    """Asserts size, unique ids, resolvable references and unique fields of a data set."""
    assert (
        0.8 * approximate_size
        <= sum(len(records) for name, records in state.items() if name != "sequences")
        <= 1.2 * approximate_size
    )
    ids = {collection: {record["id"] for record in records} for collection, records in state.items()}
    assert all(len(ids[collection]) == len(records) for collection, records in state.items())
    assert not [reference for reference in references(state) if str(reference[1]) not in ids[reference[0]]]
    for collection, field in UNIQUE:
        values = [record[field] for record in state[collection]]
        assert len(set(values)) == len(values), (collection, field)
    keys = Counter((role["name"], role["scope"], role["clientId"]) for role in state["roles"])
    assert set(keys.values()) == {1}
    for user in state["users"]:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)*\.\d+@acme\.test", user["email"]), user["email"]
    assert {event["eventType"] for event in state["audit_events"]} <= EVENT_TYPES
    assert len(state["claim_mappers"]) <= 20


@pytest.mark.parametrize("size", STORED_SIZES)
def test_a_data_set_has_the_size_of_its_name_and_is_consistent(size: str) -> None:
    check_integrity(cached_dataset("kotauth", size), APPROXIMATE_SIZES[size])


def data_set_with_keys() -> State:
    collections = make_harness(PROVIDER).engine.export("kotauth")["collections"]
    return {"_keys": collections["_keys"], "_counters": collections["_counters"]}


def test_a_large_data_set_is_consistent_and_can_be_served() -> None:
    state = cached_dataset("kotauth", "large")
    check_integrity(state, APPROXIMATE_SIZES["large"])
    harness = make_harness(PROVIDER)
    harness.engine.restore("kotauth", {"provider": "kotauth", "collections": {**data_set_with_keys(), **state}})
    response = harness.request("GET", "/t/kotauth/api/v1/users?limit=100&offset=1900")
    assert [user["id"] for user in response.json["data"]] == list(range(1901, 2001))
    assert response.json["meta"]["total"] == 2000


def test_another_seed_gives_other_people() -> None:
    first, second = cached_dataset("kotauth", "small"), cached_dataset("kotauth", "small", "2")
    assert not {user["fullName"] for user in first["users"]} & {user["fullName"] for user in second["users"]}
    check_integrity(second, APPROXIMATE_SIZES["small"])


def test_a_workspace_starts_with_records_that_the_api_cannot_create() -> None:
    state = cached_dataset("kotauth", "small")
    assert state["applications"][0]["clientId"] == "kotauth-portal"
    assert [role["name"] for role in state["roles"]][:2] == ["admin", "user"]
    assert {role["scope"] for role in state["roles"]} == {"TENANT", "CLIENT"}
    assert {app["accessType"] for app in state["applications"]} == {"public", "confidential"}
    assert None in {session["userId"] for session in state["sessions"]}
    assert [group["parentGroupId"] for group in state["groups"]] == [None, 1, None, 3]


def test_seeded_records_were_created_one_after_another_before_today() -> None:
    created = [
        record["_created"]
        for records in cached_dataset("kotauth", "medium").values()
        for record in records
        if "_created" in record
    ]
    assert created == sorted(set(created))
    assert created[-1] < 1772366400 * 1_000_000


def test_ids_of_new_records_continue_after_the_seed_data() -> None:
    harness = make_harness(PROVIDER)
    body: dict[str, Any] = {"name": "one-more"}
    ids = [harness.request("POST", f"/t/kotauth/api/v1/{kind}", json=body).json["id"] for kind in ("roles", "groups")]
    assert ids == [
        len(cached_dataset("kotauth", "small")["roles"]) + 1,
        len(cached_dataset("kotauth", "small")["groups"]) + 1,
    ]
