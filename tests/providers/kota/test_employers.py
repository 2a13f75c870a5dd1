"""Kota's employers: creation, checks, updates, and offboarding with all their records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import create_insured_employee, enrol_employee
from tests.support.kota_group_helpers import (
    create_available_quote,
    create_policy_intent,
    create_quote_intent,
    create_staffed_group,
)
from tests.support.kota_helpers import (
    ADDRESS,
    EMPLOYER,
    create,
    create_employee,
    create_employer,
    event_types,
    events,
    fetch,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
    take_step,
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def status(harness: Harness, id: str) -> str:
    return str(fetch(harness, f"/employers/{id}")["status"])


def put(harness: Harness, id: str, body: Any) -> Any:
    response = harness.request("PUT", f"/employers/{id}", json=body)
    assert response.status_code == 200, response.text
    return response.json


def test_an_employer_is_pending_until_it_is_checked(harness: Harness) -> None:
    record = create(harness, "/employers", {**EMPLOYER, "metadata": {"crm_id": "A-19"}})
    assert record == {
        "object": "employer",
        "id": record["id"],
        "platform_id": record["platform_id"],
        "status": "pending",
        "legal_name": "Brightwater Labs Ltd",
        "registration_number": None,
        "legal_address": {"line2": None, "line3": None, "state": None, **ADDRESS},
        "contact": {"name": "Orla Byrne", "email": "orla@brightwater.test"},
        "offboard_on": None,
        "earliest_benefits_start_date": None,
        "metadata": {"crm_id": "A-19"},
    }
    harness.advance("2s")
    assert status(harness, record["id"]) == "active"
    assert event_types(harness) == ["employer.created", "employer.updated"]
    data = {"id": record["id"], "metadata": {"crm_id": "A-19"}, "resource_type": "employer", "object": "employer_event"}
    assert events(harness)[0]["data"] == data
    assert events(harness, "v1")[0]["data"] == record


def test_how_long_an_employer_is_checked_can_be_set(harness: Harness) -> None:
    set_assumptions(harness, employer_check="1h")
    id = create_employer(harness)
    harness.advance("59m")
    assert status(harness, id) == "pending"
    harness.advance("1m")
    assert status(harness, id) == "active"


@pytest.mark.parametrize("state", ["active", "restricted", "offboarding"])
def test_metadata_selects_the_outcome_of_a_check(harness: Harness, state: str) -> None:
    set_assumptions(harness, employer_offboarding="1h")
    id = create_employer(harness, metadata={"testmode.employer": state})
    harness.advance("2s")
    assert status(harness, id) == state


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"legal_address": {**ADDRESS, "postal_code": "nope"}}, "legal_address.postal_code"),
        ({"legal_address": {**ADDRESS, "country_code": "us", "postal_code": "10001"}}, "legal_address.state"),
        ({"legal_address": {**ADDRESS, "country_code": "IE"}}, "legal_address.country_code"),
        ({"legal_address": {**ADDRESS, "line1": " "}}, "legal_address.line1"),
        ({"earliest_benefits_start_date": "2026-03-01"}, "earliest_benefits_start_date"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 501}}, "metadata"),
        ({"metadata": {str(n): "v" for n in range(26)}}, "metadata"),
        ({"legal_name": None}, "legal_name"),
        ({"contact": {"name": "Orla"}}, "contact.email"),
    ],
)
def test_an_invalid_employer_is_refused_with_the_path_of_the_field(harness: Harness, changes: Any, path: str) -> None:
    assert invalid_fields(harness, "POST", "/employers", {**EMPLOYER, **changes}) == [path]


def test_an_update_keeps_omitted_fields_and_replaces_nested_objects(harness: Harness) -> None:
    id = create_employer(harness, metadata={"a": "1"}, registration_number="700123")
    address = {"line1": "1 Quay", "city": "Cork", "postal_code": "T12 X8N6"}
    record = put(harness, id, {"legal_address": address, "metadata": {"b": "2"}, "legal_name": None})
    assert record["legal_address"] == {**address, "line2": None, "line3": None, "state": None, "country_code": "ie"}
    assert (record["metadata"], record["registration_number"]) == ({"b": "2"}, "700123")
    assert record["legal_name"] == "Brightwater Labs Ltd"
    assert invalid_fields(harness, "PUT", f"/employers/{id}", {"legal_address": {**address, "postal_code": "1"}}) == [
        "legal_address.postal_code"
    ]


def test_the_start_of_benefits_cannot_change_after_a_quote_or_policy(harness: Harness) -> None:
    employee, _ = create_insured_employee(harness)
    id = fetch(harness, f"/employees/{employee}")["employer_id"]
    body = {"earliest_benefits_start_date": "2027-01-01"}
    assert invalid_fields(harness, "PUT", f"/employers/{id}", body) == ["earliest_benefits_start_date"]
    assert put(harness, create_employer(harness), body)["earliest_benefits_start_date"] == "2027-01-01"


def test_employers_are_listed_newest_first_and_by_status(harness: Harness) -> None:
    first = create_employer(harness)
    harness.advance("2s")
    second = create_employer(harness)
    assert [each["id"] for each in fetch(harness, "/employers")["items"]] == [second, first]
    assert [each["id"] for each in fetch(harness, "/employers?filter=active,restricted")["items"]] == [first]
    assert invalid_fields(harness, "GET", "/employers?filter=gone") == ["filter"]
    assert refusal_code(harness, "GET", "/employers/er_none") == (404, "not_found")


def test_offboarding_an_employer_ends_its_employees_policies_and_groups_at_once(harness: Harness) -> None:
    employee, group = create_insured_employee(harness)
    policy = enrol_employee(harness, (employee, group))
    id = fetch(harness, f"/employees/{employee}")["employer_id"]
    pending = create_employee(harness, id)
    record = create(harness, f"/employers/{id}/offboard")
    assert (record["status"], record["offboard_on"]) == ("inactive", "2026-03-01T12:00:10Z")
    assert {fetch(harness, f"/employees/{each}")["status"] for each in (employee, pending)} == {"inactive"}
    assert fetch(harness, f"/policies/{policy['id']}")["status"] == "cancelled"
    assert fetch(harness, f"/group_policies/{policy['group_policy_id']}")["status"] == "cancelled"
    assert fetch(harness, f"/groups/{group}")["status"] == "archived"
    assert fetch(harness, f"/groups/{group}/employees")["items"] == []
    types = event_types(harness)[event_types(harness).index("employer.offboarded") :]
    expected = {"employer.offboarded", "employee.offboarded", "policy.cancelled", "group_policy.cancelled"}
    assert expected | {"group.archived", "group.employee.removed"} <= set(types)
    assert refusal_code(harness, "POST", f"/employers/{id}/offboard") == (400, "invalid_state")
    assert refusal_code(harness, "POST", f"/employees/{employee}/offboard/cancel") == (400, "invalid_state")


def test_open_quotes_and_policy_intents_of_an_offboarded_employer_end(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing")
    group = create_staffed_group(harness)
    accepted, open_quote, processing = (
        create_available_quote(harness, group),
        create_available_quote(harness, group, "Family"),
        create_quote_intent(harness, group),
    )
    intent = create_policy_intent(harness, accepted)
    create(harness, f"/employers/{fetch(harness, f'/groups/{group}')['employer_id']}/offboard")
    assert fetch(harness, f"/group_policy_intents/{intent}")["status"] == "expired"
    quotes = [fetch(harness, f"/group_quote_intents/{each}")["status"] for each in (open_quote, processing)]
    assert quotes == ["rejected", "rejected_by_insurer"]
    harness.advance("1h")
    assert fetch(harness, f"/group_policies?group_id={group}")["items"] == []


def test_offboarding_an_employer_may_take_time(harness: Harness) -> None:
    set_assumptions(harness, employer_offboarding="1h")
    id = create_employer(harness)
    employee = create_employee(harness, id)
    assert create(harness, f"/employers/{id}/offboard")["status"] == "offboarding"
    harness.advance("59m")
    assert fetch(harness, f"/employees/{employee}")["status"] == "active"
    harness.advance("1m")
    assert (status(harness, id), fetch(harness, f"/employees/{employee}")["status"]) == ("inactive", "inactive")


def test_an_employer_takes_every_transition_of_its_lifecycle(harness: Harness) -> None:
    set_assumptions(harness, employer_offboarding="1h")
    id = create_employer(harness)
    steps = ["fail_check", "pass_check", "fail_check", "begin_offboarding", "offboard"]
    states = ["restricted", "active", "restricted", "offboarding", "inactive"]
    assert [take_step(harness, id, each)["status"] for each in steps] == states
