"""Each documented event of Kota can be triggered, is emitted once per version, and matches its schema.

The cases are in tests/support/kota_group_event_cases.py and tests/support/kota_cover_event_cases.py.
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
"""The schema of an event's data, by type and version."""
V1_TYPES = sorted(type for type, version in DATA_SCHEMAS if version == "v1")
UNLISTED_TYPES = {"employee.salary_deleted", "dependents_management_intent.dependent.pending_confirmation"}
"""Documented on newer pages only, and not in the contract."""

each_event_case = pytest.mark.parametrize("event_case", EVENT_CASES, ids=[each.name for each in EVENT_CASES])


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def stored_events(harness: Harness) -> list[Any]:
    with harness.sandbox.transaction() as space:
        return [record for _, record in space.scan("_events")]


@cache
def events_of(event_case: EventCase) -> tuple[Any, ...]:
    """Returns all events of a case on an empty platform without endpoints."""
    harness = make_empty_harness()
    event_case.act(harness)
    return tuple(stored_events(harness))


def is_type_of(type: str, event_case: EventCase) -> bool:
    """Returns whether an event type belongs to the object of the case."""
    rest = type.removeprefix(f"{event_case.prefix}.")
    return rest != type and not rest.startswith("health_insurance.")


@each_event_case
def test_events_are_emitted_once_and_in_order(event_case: EventCase) -> None:
    events = [event["type"] for event in events_of(event_case) if event["version"] == "v2"]
    assert [type for type in events if is_type_of(type, event_case)] == event_case.types


@each_event_case
def test_the_data_of_an_event_matches_its_documented_schema(event_case: EventCase) -> None:
    for event in events_of(event_case):
        if event["type"] not in UNLISTED_TYPES:
            assert schema_errors(DATA_SCHEMAS[event["type"], event["version"]], event["data"]) == []


@each_event_case
def test_a_version_2_event_contains_only_the_ids_of_its_object(event_case: EventCase) -> None:
    for event in events_of(event_case):
        if event["version"] == "v2" and event["type"] not in UNLISTED_TYPES:
            data = {name: each for name, each in event["data"].items() if name != "external_customer_id"}
            assert set(data) == set(CONTRACT["schemas"][DATA_SCHEMAS[event["type"], "v2"]]) - {"external_customer_id"}
            assert data["object"] == f"{data['resource_type']}_event"


@each_event_case
def test_seventeen_event_types_are_emitted_in_version_1_and_2(event_case: EventCase) -> None:
    events = events_of(event_case)
    v2 = [event for event in events if event["version"] == "v2" and event["type"] in V1_TYPES]
    v1 = [event for event in events if event["version"] == "v1"]
    assert [(each["type"], each["created_at"]) for each in v1] == [(each["type"], each["created_at"]) for each in v2]
    for first, second in zip(v1, v2, strict=True):
        common = set(first["data"]) & set(second["data"]) - {"object"}
        assert "id" in common
        assert {name: first["data"][name] for name in common} == {name: second["data"][name] for name in common}
        assert first["id"] != second["id"]


@each_event_case
def test_an_event_has_a_unique_id_and_the_instant_it_happened(event_case: EventCase) -> None:
    events = events_of(event_case)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["id"][:4] for event in events} == {"evt_"}
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)


def test_a_version_1_event_has_the_data_that_a_read_returns(harness: Harness) -> None:
    employer = create_employer(harness, metadata={"crm": "1"})
    employee = create_employee(harness, employer, bank_account={"account_number": "IE29AIBK93115212345678"})
    harness.advance("2s")
    data_by_type = {event["type"]: event["data"] for event in stored_events(harness) if event["version"] == "v1"}
    assert data_by_type["employer.updated"] == fetch(harness, f"/employers/{employer}")
    assert data_by_type["employee.updated"] == fetch(harness, f"/employees/{employee}")
    assert "12345678" not in dumps(stored_events(harness))


def test_null_members_are_omitted_from_events_if_they_are_omitted_from_responses(harness: Harness) -> None:
    set_assumptions(harness, null_members="omitted")
    create_employer(harness)
    (data,) = (event["data"] for event in stored_events(harness) if event["version"] == "v1")
    assert "registration_number" not in data
    assert None not in data.values()


def test_a_refused_call_emits_no_event(harness: Harness) -> None:
    quote = create_available_quote(harness, create_staffed_group(harness))
    assert harness.request("POST", f"/group_quote_intents/{quote}/reject").status_code == 204
    before = stored_events(harness)
    assert refusal_code(harness, "POST", f"/group_quote_intents/{quote}/reject") == (400, "invalid_state")
    assert refusal_code(harness, "POST", "/group_policy_intents", {"quote_intent_id": quote}) == (400, "invalid_state")
    assert wrong_fields(harness, "POST", "/employers", {**EMPLOYER, "contact": None}) == ["contact"]
    unknown = f"er_{'0' * 32}"
    assert wrong_fields(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": unknown}) == ["employer_id"]
    assert stored_events(harness) == before


def test_a_replayed_response_emits_no_event(harness: Harness) -> None:
    for _ in range(3):
        response = harness.request("POST", "/employers", json=EMPLOYER, headers={"Idempotency-Key": "once"})
        assert response.status_code == 200
    assert [event["type"] for event in stored_events(harness)] == ["employer.created"] * 2


def test_a_call_replaced_by_a_fault_emits_no_event(harness: Harness) -> None:
    rule = {"match": {"method": "POST"}, "trigger": {"times": 1}, "fault": {"kind": "status", "status": 500}}
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", rule).status_code == 201
    assert harness.request("POST", "/employers", json=EMPLOYER).status_code == 500
    assert stored_events(harness) == []


def test_an_event_and_its_change_are_stored_in_one_transaction(harness: Harness) -> None:
    employer = create_employer(harness)
    before = stored_events(harness)
    with pytest.raises(RuntimeError, match="on purpose"), harness.sandbox.transaction() as space:
        space.append(
            "_events", {"id": "evt_x", "type": "employer.updated", "version": "v2", "data": {}}, max_records=10
        )
        space.put("employers", {"id": employer, "legal_name": "Nobody"})
        raise RuntimeError("on purpose")
    assert stored_events(harness) == before
    assert fetch(harness, f"/employers/{employer}")["legal_name"] == EMPLOYER["legal_name"]


def test_an_impossible_simulation_emits_no_event(harness: Harness) -> None:
    id = simulate(harness, "ask_for_approval")["id"]
    before = stored_events(harness)
    assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/take_step", {"id": id, "step": "fail"}).status_code == 422
    assert stored_events(harness) == before


def test_every_documented_event_type_can_be_triggered() -> None:
    case_by_type = {type: each.name for each in EVENT_CASES for type in each.types}
    triggered = {event["type"] for each in EVENT_CASES for event in events_of(each)}
    documented = {type for type, _ in DATA_SCHEMAS}
    assert len(documented) == 89
    assert documented - triggered == set()
    assert set(case_by_type) == triggered == documented | UNLISTED_TYPES == set(EVENT_TYPES)
