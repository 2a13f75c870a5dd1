"""The seed data of an organization: size, consistency, fake values, and equality for equal seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from mockserver.engine import State
from mockserver.providers.smartepi import PROVIDER
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions
from mockserver.providers.smartepi.dialect import render_fields
from mockserver.providers.smartepi.organization import RESOURCES
from mockserver.providers.smartepi.transactions import READ_ONLY_RESOURCES
from tests.support.datasets import STORED_SIZES, cached_dataset
from tests.support.harness import make_harness

APPROXIMATE_SIZES = {"small": 50, "medium": 1_000, "large": 10_000}
REFERENCE_FIELDS = {
    "sectorId": "sectors",
    "costCenterId": "cost_centers",
    "costCenter2Id": "cost_centers",
    "jobRoleId": "job_roles",
    "groupId": "groups",
    "employeeId": "employees",
    "productId": "products",
}
UNIQUE = [
    *[(collection, "name") for collection in ("sectors", "cost_centers", "job_roles", "groups", "products")],
    ("employees", "identification"),
    ("employees", "email"),
]
MODELS = {resource.collection: resource.model for resource in (*RESOURCES, *READ_ONLY_RESOURCES)}


def references(state: State) -> Iterator[tuple[str, str]]:
    for collection, records in state.items():
        for record in records:
            for row in (record, *record.get("rules", ())):
                yield from (
                    (REFERENCE_FIELDS[name], row[name])
                    for name in REFERENCE_FIELDS
                    if name in row and collection in state
                )


def check_integrity(state: State, approximate_size: int) -> None:
    """Asserts size, unique ids, resolvable references and unique fields of a data set."""
    assert (
        0.8 * approximate_size
        <= sum(len(records) for name, records in state.items() if name in MODELS)
        <= 1.2 * approximate_size
    )
    ids = {collection: {record["id"] for record in records} for collection, records in state.items()}
    assert all(len(ids[collection]) == len(records) for collection, records in state.items())
    assert not [reference for reference in references(state) if reference[1] not in ids[reference[0]]]
    for collection, field in UNIQUE:
        values = [record[field] for record in state[collection]]
        assert len({value.casefold() for value in values}) == len(values), (collection, field)
    for employee in state["employees"]:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)*\.\d+@[a-z.]+\.test", employee["email"]), employee["email"]
    assumptions = SmartEPIAssumptions()
    for collection, model in MODELS.items():
        for record in state[collection]:
            model.model_validate(render_fields(assumptions, record), strict=True)


@pytest.mark.parametrize("size", STORED_SIZES)
def test_a_data_set_has_the_size_of_its_name_and_is_consistent(size: str) -> None:
    check_integrity(cached_dataset("smartepi", size), APPROXIMATE_SIZES[size])


def test_a_large_data_set_is_consistent_and_can_be_served() -> None:
    state = cached_dataset("smartepi", "large")
    check_integrity(state, APPROXIMATE_SIZES["large"])
    harness = make_harness(PROVIDER)
    harness.engine.restore("smartepi", {"provider": "smartepi", "collections": {**data_set_with_keys(), **state}})
    response = harness.request("GET", f"/v1/employees?limit=100&sectorId={state['sectors'][7]['id']}")
    assert response.json is not None
    expected = [record["id"] for record in state["employees"] if record["sectorId"] == state["sectors"][7]["id"]]
    assert [record["id"] for record in response.json["data"]] == expected[::-1][:100]


def data_set_with_keys() -> State:
    collections = make_harness(PROVIDER).engine.export("smartepi")["collections"]
    return {"_keys": collections["_keys"], "_counters": collections["_counters"]}


def test_another_seed_gives_other_records() -> None:
    first, second = cached_dataset("smartepi", "small"), cached_dataset("smartepi", "small", "2")
    for collection in ("sectors", "employees", "products", "groups"):
        assert not {record["id"] for record in first[collection]} & {record["id"] for record in second[collection]}
    assert [record["name"] for record in first["employees"]] != [record["name"] for record in second["employees"]]
    check_integrity(second, APPROXIMATE_SIZES["small"])


def test_rules_are_stored_separately_as_a_create_stores_them() -> None:
    state = cached_dataset("smartepi", "medium")
    expected = [(group["id"], rule["productId"]) for group in state["groups"] for rule in group["rules"]]
    assert [(row["groupId"], row["productId"]) for row in state["rules"]] == expected


def test_seeded_records_were_created_one_after_another_before_today() -> None:
    created = [
        record["_created"]
        for records in cached_dataset("smartepi", "medium").values()
        for record in records
        if "_created" in record
    ]
    assert created == sorted(set(created))
    assert created[-1] < 1772366400 * 1_000_000


def test_every_kind_of_seeded_record_has_a_model() -> None:
    assert set(cached_dataset("smartepi", "small")) == {*MODELS, "rules"}
    assert all(issubclass(model, BaseModel) for model in MODELS.values())
