"""Employers: made, checked, changed, and offboarded with everything they have."""

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
    answer = harness.request("PUT", f"/employers/{id}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_employer_is_pending_until_it_is_checked(harness: Harness) -> None:
    shown = create(harness, "/employers", {**EMPLOYER, "metadata": {"crm_id": "A-19"}})
    assert shown == {
        "object": "employer",
        "id": shown["id"],
        "platform_id": shown["platform_id"],
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
    assert status(harness, shown["id"]) == "active"
    assert event_types(harness) == ["employer.created", "employer.updated"]
    thin = {"id": shown["id"], "metadata": {"crm_id": "A-19"}, "resource_type": "employer", "object": "employer_event"}
    assert events(harness)[0]["data"] == thin
    assert events(harness, "v1")[0]["data"] == shown


def test_how_long_an_employer_is_checked_can_be_set(harness: Harness) -> None:
    set_assumptions(harness, employer_check="1h")
    id = create_employer(harness)
    harness.advance("59m")
    assert status(harness, id) == "pending"
    harness.advance("1m")
    assert status(harness, id) == "active"


@pytest.mark.parametrize("state", ["active", "restricted", "offboarding"])
def test_metadata_choose_what_a_check_comes_to(harness: Harness, state: str) -> None:
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
def test_what_an_employer_cannot_be_is_refused_by_its_path(harness: Harness, changes: Any, path: str) -> None:
    assert invalid_fields(harness, "POST", "/employers", {**EMPLOYER, **changes}) == [path]


def test_an_update_leaves_what_it_leaves_out_and_replaces_parts_whole(harness: Harness) -> None:
    id = create_employer(harness, metadata={"a": "1"}, registration_number="700123")
    address = {"line1": "1 Quay", "city": "Cork", "postal_code": "T12 X8N6"}
    shown = put(harness, id, {"legal_address": address, "metadata": {"b": "2"}, "legal_name": None})
    assert shown["legal_address"] == {**address, "line2": None, "line3": None, "state": None, "country_code": "ie"}
    assert (shown["metadata"], shown["registration_number"]) == ({"b": "2"}, "700123")
    assert shown["legal_name"] == "Brightwater Labs Ltd"
    assert invalid_fields(harness, "PUT", f"/employers/{id}", {"legal_address": {**address, "postal_code": "1"}}) == [
        "legal_address.postal_code"
    ]


def test_the_start_of_benefits_is_fixed_once_there_is_a_quote_or_policy(harness: Harness) -> None:
    someone, _ = create_insured_employee(harness)
    id = fetch(harness, f"/employees/{someone}")["employer_id"]
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


def test_offboarding_an_employer_ends_everything_it_has_at_once(harness: Harness) -> None:
    someone, everybody = create_insured_employee(harness)
    policy = enrol_employee(harness, (someone, everybody))
    id = fetch(harness, f"/employees/{someone}")["employer_id"]
    pending = create_employee(harness, id)
    shown = create(harness, f"/employers/{id}/offboard")
    assert (shown["status"], shown["offboard_on"]) == ("inactive", "2026-03-01T12:00:10Z")
    assert {fetch(harness, f"/employees/{each}")["status"] for each in (someone, pending)} == {"inactive"}
    assert fetch(harness, f"/policies/{policy['id']}")["status"] == "cancelled"
    assert fetch(harness, f"/group_policies/{policy['group_policy_id']}")["status"] == "cancelled"
    assert fetch(harness, f"/groups/{everybody}")["status"] == "archived"
    assert fetch(harness, f"/groups/{everybody}/employees")["items"] == []
    tail = event_types(harness)[event_types(harness).index("employer.offboarded") :]
    expected = {"employer.offboarded", "employee.offboarded", "policy.cancelled", "group_policy.cancelled"}
    assert expected | {"group.archived", "group.employee.removed"} <= set(tail)
    assert refusal_code(harness, "POST", f"/employers/{id}/offboard") == (400, "invalid_state")
    assert refusal_code(harness, "POST", f"/employees/{someone}/offboard/cancel") == (400, "invalid_state")


def test_what_an_offboarded_employer_has_asked_insurers_for_is_given_up(harness: Harness) -> None:
    set_assumptions(harness, group_policy_asks="nothing")
    everybody = create_staffed_group(harness)
    taken, left, asked = (
        create_available_quote(harness, everybody),
        create_available_quote(harness, everybody, "Family"),
        create_quote_intent(harness, everybody),
    )
    intent = create_policy_intent(harness, taken)
    create(harness, f"/employers/{fetch(harness, f'/groups/{everybody}')['employer_id']}/offboard")
    assert fetch(harness, f"/group_policy_intents/{intent}")["status"] == "expired"
    quotes = [fetch(harness, f"/group_quote_intents/{each}")["status"] for each in (left, asked)]
    assert quotes == ["rejected", "rejected_by_insurer"]
    harness.advance("1h")
    assert fetch(harness, f"/group_policies?group_id={everybody}")["items"] == []


def test_offboarding_of_an_employer_may_take_its_time(harness: Harness) -> None:
    set_assumptions(harness, employer_offboarding="1h")
    id = create_employer(harness)
    someone = create_employee(harness, id)
    assert create(harness, f"/employers/{id}/offboard")["status"] == "offboarding"
    harness.advance("59m")
    assert fetch(harness, f"/employees/{someone}")["status"] == "active"
    harness.advance("1m")
    assert (status(harness, id), fetch(harness, f"/employees/{someone}")["status"]) == ("inactive", "inactive")


def test_an_employer_takes_each_step_of_its_life(harness: Harness) -> None:
    set_assumptions(harness, employer_offboarding="1h")
    id = create_employer(harness)
    path = ["fail_check", "pass_check", "fail_check", "begin_offboarding", "offboard"]
    reached = ["restricted", "active", "restricted", "offboarding", "inactive"]
    assert [take_step(harness, id, each)["status"] for each in path] == reached
