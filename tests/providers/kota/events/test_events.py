"""Each documented event of Kota's can be made to happen, is told once per version, and says what it is documented to.

What happens stands in tests/kota_happenings.py and tests/kota_happenings_cover.py: stories, and what each comes to.
"""

from __future__ import annotations

from functools import cache
from json import dumps
from typing import Any

import pytest

from mockserver.providers.kota.events.types import TYPES
from tests.support import kota_simulations as kota_happenings
from tests.support import kota_simulations_cover as kota_happenings_cover
from tests.support.kota_event_stories import Happening
from tests.support.kota_facts import FACTS, wrong
from tests.support.kota_groups import quote, staffed
from tests.support.kota_world import EMPLOYEE, EMPLOYER, S, assume, code, employee, employer, new_world, read, simulate
from tests.support.kota_world import wrong as wrong_fields
from tests.support.worlds import World

HAPPENINGS = [*kota_happenings.HAPPENINGS, *kota_happenings_cover.HAPPENINGS]
SCHEMA = {(type, version): schema for type, version, schema in FACTS["events"]}
"""By type and version: what an event's data are."""
WHOLE = sorted(type for type, version in SCHEMA if version == "v1")
NEWER = {"employee.salary_deleted", "dependents_management_intent.dependent.pending_confirmation"}
"""Of newer pages, in no inventory."""

each_happening = pytest.mark.parametrize("happening", HAPPENINGS, ids=[each.name for each in HAPPENINGS])


@pytest.fixture
def world() -> World:
    return new_world()


def kept(world: World) -> list[Any]:
    with world.sandbox.transaction() as space:
        return [record for _, record in space.scan("_events")]


@cache
def told_by(happening: Happening) -> tuple[Any, ...]:
    """All that is told while something happens to a platform that nobody has signed up to."""
    world = new_world()
    happening.act(world)
    return tuple(kept(world))


def belongs(type: str, happening: Happening) -> bool:
    """Whether a type is of the kind of object that a happening is about."""
    rest = type.removeprefix(f"{happening.about}.")
    return rest != type and not rest.startswith("health_insurance.")


@each_happening
def test_what_happens_is_told_once_and_in_order(happening: Happening) -> None:
    events = [event["type"] for event in told_by(happening) if event["version"] == "v2"]
    assert [type for type in events if belongs(type, happening)] == happening.types


@each_happening
def test_the_data_of_an_event_are_what_is_documented(happening: Happening) -> None:
    for event in told_by(happening):
        if event["type"] not in NEWER:
            assert wrong(SCHEMA[event["type"], event["version"]], event["data"]) == []


@each_happening
def test_a_thin_event_names_its_object_alone(happening: Happening) -> None:
    for event in told_by(happening):
        if event["version"] == "v2" and event["type"] not in NEWER:
            said = {name: each for name, each in event["data"].items() if name != "external_customer_id"}
            assert set(said) == set(FACTS["schemas"][SCHEMA[event["type"], "v2"]]) - {"external_customer_id"}
            assert said["object"] == f"{said['resource_type']}_event"


@each_happening
def test_seventeen_types_are_told_whole_beside_the_thin_event(happening: Happening) -> None:
    events = told_by(happening)
    thin = [event for event in events if event["version"] == "v2" and event["type"] in WHOLE]
    whole = [event for event in events if event["version"] == "v1"]
    assert [(each["type"], each["created_at"]) for each in whole] == [
        (each["type"], each["created_at"]) for each in thin
    ]
    for one, other in zip(whole, thin, strict=True):
        shared = set(one["data"]) & set(other["data"]) - {"object"}
        assert "id" in shared
        assert {name: one["data"][name] for name in shared} == {name: other["data"][name] for name in shared}
        assert one["id"] != other["id"]


@each_happening
def test_an_event_has_an_id_of_its_own_and_the_instant_it_happened(happening: Happening) -> None:
    events = told_by(happening)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["id"][:4] for event in events} == {"evt_"}
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)


def test_a_whole_event_shows_what_reading_the_object_shows(world: World) -> None:
    owner = employer(world, metadata={"crm": "1"})
    someone = employee(world, owner, bank_account={"account_number": "IE29AIBK93115212345678"})
    world.advance("2s")
    whole = {event["type"]: event["data"] for event in kept(world) if event["version"] == "v1"}
    assert whole["employer.updated"] == read(world, f"/employers/{owner}")
    assert whole["employee.updated"] == read(world, f"/employees/{someone}")
    assert "12345678" not in dumps(kept(world))


def test_members_without_a_value_are_left_out_of_events_where_they_are_left_out_of_answers(world: World) -> None:
    assume(world, null_members="omitted")
    employer(world)
    (whole,) = (event["data"] for event in kept(world) if event["version"] == "v1")
    assert "registration_number" not in whole
    assert None not in whole.values()


def test_nothing_is_told_of_a_call_that_is_refused(world: World) -> None:
    taken = quote(world, staffed(world))
    assert world.ask("POST", f"/group_quote_intents/{taken}/reject").status_code == 204
    before = kept(world)
    assert code(world, "POST", f"/group_quote_intents/{taken}/reject") == (400, "invalid_state")
    assert code(world, "POST", "/group_policy_intents", {"quote_intent_id": taken}) == (400, "invalid_state")
    assert wrong_fields(world, "POST", "/employers", {**EMPLOYER, "contact": None}) == ["contact"]
    unknown = f"er_{'0' * 32}"
    assert wrong_fields(world, "POST", "/employees", {**EMPLOYEE, "employer_id": unknown}) == ["employer_id"]
    assert kept(world) == before


def test_nothing_is_told_again_when_an_answer_is_replayed(world: World) -> None:
    for _ in range(3):
        answer = world.ask("POST", "/employers", json=EMPLOYER, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 200
    assert [event["type"] for event in kept(world)] == ["employer.created"] * 2


def test_nothing_is_told_when_the_work_is_not_done(world: World) -> None:
    instead = {"match": {"method": "POST"}, "trigger": {"times": 1}, "fault": {"kind": "status", "status": 500}}
    assert world.admin("POST", f"{S}/faults", instead).status_code == 201
    assert world.ask("POST", "/employers", json=EMPLOYER).status_code == 500
    assert kept(world) == []


def test_an_event_is_kept_with_the_change_it_tells_of_or_not_at_all(world: World) -> None:
    owner = employer(world)
    before = kept(world)
    with pytest.raises(RuntimeError, match="on purpose"), world.sandbox.transaction() as space:
        space.append("_events", {"id": "evt_x", "type": "employer.updated", "version": "v2", "data": {}}, keep=10)
        space.put("employers", {"id": owner, "legal_name": "Nobody"})
        raise RuntimeError("on purpose")
    assert kept(world) == before
    assert read(world, f"/employers/{owner}")["legal_name"] == EMPLOYER["legal_name"]


def test_a_simulation_that_is_impossible_tells_nothing(world: World) -> None:
    id = simulate(world, "ask_for_approval")["id"]
    before = kept(world)
    assert world.admin("POST", f"{S}/simulations/take_step", {"id": id, "step": "fail"}).status_code == 422
    assert kept(world) == before


def test_every_documented_type_can_be_made_to_happen() -> None:
    how = {type: each.name for each in HAPPENINGS for type in each.types}
    happened = {event["type"] for each in HAPPENINGS for event in told_by(each)}
    documented = {type for type, _ in SCHEMA}
    assert len(documented) == 89
    assert documented - happened == set()
    assert set(how) == happened == documented | NEWER == set(TYPES)
