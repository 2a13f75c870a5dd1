"""The data an organization begins with: big enough, sound, fake, and the same for the same seed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from json import loads

import pytest
from pydantic import BaseModel

from mockserver.app import fixtures
from mockserver.engine import Randomness, State, as_json
from mockserver.providers.smartepi import PROVIDER
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions
from mockserver.providers.smartepi.dialect import show
from mockserver.providers.smartepi.organization import RESOURCES
from mockserver.providers.smartepi.transactions import LISTS
from tests.worlds import make_world

ABOUT = {"small": 50, "medium": 1_000, "large": 10_000}
WRITTEN = ("small", "medium")
POINTS = {
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
MODELS = {resource.collection: resource.model for resource in (*RESOURCES, *LISTS)}


def quiet(done: int, total: int) -> None:
    """Watch nothing."""


@cache
def generated(size: str, seed: str = "1") -> State:
    return PROVIDER.generate(Randomness(seed), size, quiet)


def references(state: State) -> Iterator[tuple[str, str]]:
    for collection, records in state.items():
        for record in records:
            for row in (record, *record.get("rules", ())):
                yield from ((POINTS[name], row[name]) for name in POINTS if name in row and collection in state)


def check_sound(state: State, about: int) -> None:
    """Everything that must hold of a data set of any size."""
    assert 0.8 * about <= sum(len(records) for name, records in state.items() if name in MODELS) <= 1.2 * about
    ids = {collection: {record["id"] for record in records} for collection, records in state.items()}
    assert all(len(ids[collection]) == len(records) for collection, records in state.items())
    assert not [pair for pair in references(state) if pair[1] not in ids[pair[0]]]
    for collection, field in UNIQUE:
        values = [record[field] for record in state[collection]]
        assert len({value.casefold() for value in values}) == len(values), (collection, field)
    for employee in state["employees"]:
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)*\.\d+@[a-z.]+\.test", employee["email"]), employee["email"]
    given = SmartEPIAssumptions()
    for collection, model in MODELS.items():
        for record in state[collection]:
            model.model_validate(show(given, record), strict=True)


@pytest.mark.parametrize("size", WRITTEN)
def test_a_data_set_is_as_big_as_it_says_and_sound(size: str) -> None:
    check_sound(generated(size), ABOUT[size])


def test_a_large_data_set_is_sound_and_a_server_can_serve_it() -> None:
    state = generated("large")
    check_sound(state, ABOUT["large"])
    world = make_world()
    world.engine.restore("smartepi", {"provider": "smartepi", "collections": {**keyed(), **state}})
    answer = world.ask("GET", f"/v1/employees?limit=100&sectorId={state['sectors'][7]['id']}")
    assert answer.json is not None
    expected = [record["id"] for record in state["employees"] if record["sectorId"] == state["sectors"][7]["id"]]
    assert [record["id"] for record in answer.json["data"]] == expected[::-1][:100]


def keyed() -> State:
    collections = make_world().engine.export("smartepi")["collections"]
    return {"_keys": collections["_keys"], "_counters": collections["_counters"]}


@pytest.mark.parametrize("size", WRITTEN)
def test_the_same_seed_gives_the_same_bytes(size: str) -> None:
    again = PROVIDER.generate(Randomness("1"), size, quiet)
    assert as_json(again) == as_json(generated(size))


def test_another_seed_gives_other_people_under_other_ids() -> None:
    one, two = generated("small"), generated("small", "2")
    for collection in ("sectors", "employees", "products", "groups"):
        assert not {record["id"] for record in one[collection]} & {record["id"] for record in two[collection]}
    assert [record["name"] for record in one["employees"]] != [record["name"] for record in two["employees"]]
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
    written = (fixtures() / "datasets" / f"smartepi-{size}.json").read_text(encoding="utf-8")
    assert written == lines(generated(size))


def test_the_data_does_not_change_with_the_machine_or_the_version_of_what_makes_it() -> None:
    digests = {size: sha256(as_json(generated(size))).hexdigest()[:16] for size in WRITTEN}
    assert digests == {"small": "2f4373720a76b425", "medium": "2bed0960e8f07871"}


def test_rules_are_kept_beside_their_groups_as_a_create_would_keep_them() -> None:
    state = generated("medium")
    expected = [(group["id"], rule["productId"]) for group in state["groups"] for rule in group["rules"]]
    assert [(row["groupId"], row["productId"]) for row in state["rules"]] == expected


def test_records_were_made_one_after_another_and_before_today() -> None:
    created = [
        record["_created"] for records in generated("medium").values() for record in records if "_created" in record
    ]
    assert created == sorted(set(created))
    assert created[-1] < 1772366400 * 1_000_000


@pytest.mark.parametrize("size", WRITTEN)
@pytest.mark.parametrize("seed", ["1", "another"])
def test_a_new_sandbox_holds_the_data_of_its_seed_and_size(size: str, seed: str) -> None:
    world = make_world()
    wanted = {"provider": "smartepi", "name": "mine", "seed": seed, "size": size}
    assert world.admin("POST", "/sandboxes", wanted).status_code == 201
    kept = world.engine.export("mine")["collections"]
    expected = generated(size, seed)
    assert {name: kept[name] for name in expected} == loads(as_json(expected))


def test_models_there_are_for_every_kind_of_seeded_record() -> None:
    assert set(generated("small")) == {*MODELS, "rules"}
    assert all(issubclass(model, BaseModel) for model in MODELS.values())
