"""Each documented event of Kota's can be made to happen, is told once per version, and says what it is documented to.

What happens stands in tests/kota_happenings.py and tests/kota_happenings_cover.py: stories, and what each comes to.
"""

from __future__ import annotations

from functools import cache
from json import dumps
from typing import Any

import pytest

from mockserver.providers.kota.events.types import EVENT_TYPES
from tests.support import kota_cover_event_cases as kota_cover_cases
from tests.support import kota_group_event_cases as kota_group_cases
from tests.support.harness import Harness
from tests.support.kota_event_cases import EventCase
from tests.support.kota_group_helpers import create_available_quote, create_staffed_group
from tests.support.kota_helpers import (
    EMPLOYEE,
    EMPLOYER,
    SANDBOX_PATH,
    create_employee,
    create_employer,
    fetch,
    make_empty_harness,
    refusal_code,
    set_assumptions,
    simulate,
)
from tests.support.kota_helpers import invalid_fields as wrong_fields
from tests.support.kota_schemas import CONTRACT, schema_errors

EVENT_CASES = [*kota_group_cases.EVENT_CASES, *kota_cover_cases.EVENT_CASES]
DATA_SCHEMAS = {(type, version): schema for type, version, schema in CONTRACT["events"]}
"""By type and version: what an event's data are."""
V1_TYPES = sorted(type for type, version in DATA_SCHEMAS if version == "v1")
UNLISTED_TYPES = {"employee.salary_deleted", "dependents_management_intent.dependent.pending_confirmation"}
"""Of newer pages, in no inventory."""

each_event_case = pytest.mark.parametrize("event_case", EVENT_CASES, ids=[each.name for each in EVENT_CASES])


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def stored_events(harness: Harness) -> list[Any]:
    with harness.sandbox.transaction() as space:
        return [record for _, record in space.scan("_events")]


@cache
def events_of(event_case: EventCase) -> tuple[Any, ...]:
    """All that is told while something happens to a platform that nobody has signed up to."""
    harness = make_empty_harness()
    event_case.act(harness)
    return tuple(stored_events(harness))


def is_type_of(type: str, event_case: EventCase) -> bool:
    """Whether a type is of the kind of object that a happening is about."""
    rest = type.removeprefix(f"{event_case.prefix}.")
    return rest != type and not rest.startswith("health_insurance.")


@each_event_case
def test_what_happens_is_told_once_and_in_order(event_case: EventCase) -> None:
    events = [event["type"] for event in events_of(event_case) if event["version"] == "v2"]
    assert [type for type in events if is_type_of(type, event_case)] == event_case.types


@each_event_case
def test_the_data_of_an_event_are_what_is_documented(event_case: EventCase) -> None:
    for event in events_of(event_case):
        if event["type"] not in UNLISTED_TYPES:
            assert schema_errors(DATA_SCHEMAS[event["type"], event["version"]], event["data"]) == []


@each_event_case
def test_a_thin_event_names_its_object_alone(event_case: EventCase) -> None:
    for event in events_of(event_case):
        if event["version"] == "v2" and event["type"] not in UNLISTED_TYPES:
            said = {name: each for name, each in event["data"].items() if name != "external_customer_id"}
            assert set(said) == set(CONTRACT["schemas"][DATA_SCHEMAS[event["type"], "v2"]]) - {"external_customer_id"}
            assert said["object"] == f"{said['resource_type']}_event"


@each_event_case
def test_seventeen_types_are_told_whole_beside_the_thin_event(event_case: EventCase) -> None:
    events = events_of(event_case)
    thin = [event for event in events if event["version"] == "v2" and event["type"] in V1_TYPES]
    whole = [event for event in events if event["version"] == "v1"]
    assert [(each["type"], each["created_at"]) for each in whole] == [
        (each["type"], each["created_at"]) for each in thin
    ]
    for one, other in zip(whole, thin, strict=True):
        shared = set(one["data"]) & set(other["data"]) - {"object"}
        assert "id" in shared
        assert {name: one["data"][name] for name in shared} == {name: other["data"][name] for name in shared}
        assert one["id"] != other["id"]


@each_event_case
def test_an_event_has_an_id_of_its_own_and_the_instant_it_happened(event_case: EventCase) -> None:
    events = events_of(event_case)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["id"][:4] for event in events} == {"evt_"}
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)


def test_a_whole_event_shows_what_reading_the_object_shows(harness: Harness) -> None:
    owner = create_employer(harness, metadata={"crm": "1"})
    someone = create_employee(harness, owner, bank_account={"account_number": "IE29AIBK93115212345678"})
    harness.advance("2s")
    whole = {event["type"]: event["data"] for event in stored_events(harness) if event["version"] == "v1"}
    assert whole["employer.updated"] == fetch(harness, f"/employers/{owner}")
    assert whole["employee.updated"] == fetch(harness, f"/employees/{someone}")
    assert "12345678" not in dumps(stored_events(harness))


def test_members_without_a_value_are_left_out_of_events_where_they_are_left_out_of_answers(harness: Harness) -> None:
    set_assumptions(harness, null_members="omitted")
    create_employer(harness)
    (whole,) = (event["data"] for event in stored_events(harness) if event["version"] == "v1")
    assert "registration_number" not in whole
    assert None not in whole.values()


def test_nothing_is_told_of_a_call_that_is_refused(harness: Harness) -> None:
    taken = create_available_quote(harness, create_staffed_group(harness))
    assert harness.request("POST", f"/group_quote_intents/{taken}/reject").status_code == 204
    before = stored_events(harness)
    assert refusal_code(harness, "POST", f"/group_quote_intents/{taken}/reject") == (400, "invalid_state")
    assert refusal_code(harness, "POST", "/group_policy_intents", {"quote_intent_id": taken}) == (400, "invalid_state")
    assert wrong_fields(harness, "POST", "/employers", {**EMPLOYER, "contact": None}) == ["contact"]
    unknown = f"er_{'0' * 32}"
    assert wrong_fields(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": unknown}) == ["employer_id"]
    assert stored_events(harness) == before


def test_nothing_is_told_again_when_an_answer_is_replayed(harness: Harness) -> None:
    for _ in range(3):
        answer = harness.request("POST", "/employers", json=EMPLOYER, headers={"Idempotency-Key": "once"})
        assert answer.status_code == 200
    assert [event["type"] for event in stored_events(harness)] == ["employer.created"] * 2


def test_nothing_is_told_when_the_work_is_not_done(harness: Harness) -> None:
    instead = {"match": {"method": "POST"}, "trigger": {"times": 1}, "fault": {"kind": "status", "status": 500}}
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", instead).status_code == 201
    assert harness.request("POST", "/employers", json=EMPLOYER).status_code == 500
    assert stored_events(harness) == []


def test_an_event_is_kept_with_the_change_it_tells_of_or_not_at_all(harness: Harness) -> None:
    owner = create_employer(harness)
    before = stored_events(harness)
    with pytest.raises(RuntimeError, match="on purpose"), harness.sandbox.transaction() as space:
        space.append(
            "_events", {"id": "evt_x", "type": "employer.updated", "version": "v2", "data": {}}, max_records=10
        )
        space.put("employers", {"id": owner, "legal_name": "Nobody"})
        raise RuntimeError("on purpose")
    assert stored_events(harness) == before
    assert fetch(harness, f"/employers/{owner}")["legal_name"] == EMPLOYER["legal_name"]


def test_a_simulation_that_is_impossible_tells_nothing(harness: Harness) -> None:
    id = simulate(harness, "ask_for_approval")["id"]
    before = stored_events(harness)
    assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/take_step", {"id": id, "step": "fail"}).status_code == 422
    assert stored_events(harness) == before


def test_every_documented_type_can_be_made_to_happen() -> None:
    how = {type: each.name for each in EVENT_CASES for type in each.types}
    happened = {event["type"] for each in EVENT_CASES for event in events_of(each)}
    documented = {type for type, _ in DATA_SCHEMAS}
    assert len(documented) == 89
    assert documented - happened == set()
    assert set(how) == happened == documented | UNLISTED_TYPES == set(EVENT_TYPES)
