"""Kota's employees: creation, checks, lists, updates, and the start of benefits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_cover_helpers import create_insured_employee, enrol_employee
from tests.support.kota_helpers import (
    ADDRESS,
    EMPLOYEE,
    create,
    create_employee,
    create_employer,
    event_types,
    events,
    fetch,
    freeze_clock,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
)

IBAN = "IE29AIBK93115212345678"


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


@pytest.fixture
def employer(harness: Harness) -> str:
    return create_employer(harness)


def status(harness: Harness, id: str) -> str:
    return str(fetch(harness, f"/employees/{id}")["status"])


def put(harness: Harness, id: str, body: Any) -> Any:
    response = harness.request("PUT", f"/employees/{id}", json=body)
    assert response.status_code == 200, response.text
    return response.json


def test_an_employee_is_pending_until_it_is_processed(harness: Harness, employer: str) -> None:
    body = {
        **EMPLOYEE,
        "employer_id": employer,
        "bank_account": {"account_number": IBAN},
        "metadata": {"id": "emp-042"},
    }
    record = create(harness, "/employees", body)
    assert record == {
        **body,
        "object": "employee",
        "id": record["id"],
        "platform_id": record["platform_id"],
        "status": "pending",
        "external_customer_id": None,
        "home_address": {"line2": None, "line3": None, "state": None, **ADDRESS},
        "earliest_benefits_start_date": None,
        "offboard_on": None,
        "bank_account": {"account_number_last4": "5678"},
    }
    harness.advance("2s")
    assert status(harness, record["id"]) == "active"
    assert [each for each in event_types(harness) if each.startswith("employee.")] == [
        "employee.created",
        "employee.updated",
    ]
    (thin, _), (whole, _) = events(harness, type="employee."), events(harness, "v1", "employee.")
    assert thin["data"] == {
        "id": record["id"],
        "employer_id": employer,
        "metadata": {"id": "emp-042"},
        "resource_type": "employee",
        "object": "employee_event",
    }
    assert whole["data"] == record


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"employer_id": "er_none"}, "employer_id"),
        ({"employer_id": "gr_1"}, "employer_id"),
        ({"first_name": " "}, "first_name"),
        ({"last_name": ""}, "last_name"),
        ({"date_of_birth": "1900-01-01"}, "date_of_birth"),
        ({"date_of_birth": "2026-03-01"}, "date_of_birth"),
        ({"date_of_birth": "01/02/1990"}, "date_of_birth"),
        ({"sex_at_birth": "none"}, "sex_at_birth"),
        ({"home_address": {**ADDRESS, "postal_code": "12"}}, "home_address.postal_code"),
        ({"nationality": "IE"}, "nationality"),
        ({"national_tax_id": ""}, "national_tax_id"),
        ({"start_on": "1900-01-01"}, "start_on"),
        ({"phone_number": "0871234567"}, "phone_number"),
        ({"email": ""}, "email"),
        ({"bank_account": {"account_number": "IE00AIBK93115212345678"}}, "bank_account.account_number"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
    ],
)
def test_an_invalid_employee_is_refused_with_the_path_of_the_field(
    harness: Harness, employer: str, changes: Any, path: str
) -> None:
    assert invalid_fields(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": employer, **changes}) == [path]


def test_an_employee_may_be_born_yesterday_and_start_in_the_future(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, date_of_birth="2026-02-28", start_on="2030-01-01")
    assert fetch(harness, f"/employees/{id}")["start_on"] == "2030-01-01"
    assert create_employee(harness, employer, date_of_birth="1900-01-02", start_on="1900-01-02")


def test_an_inactive_employer_takes_no_employees(harness: Harness, employer: str) -> None:
    create(harness, f"/employers/{employer}/offboard")
    assert refusal_code(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": employer}) == (400, "invalid_state")


def test_an_employee_is_pending_until_its_start_of_benefits(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, earliest_benefits_start_date="2026-03-10")
    freeze_clock(harness, "2026-03-09T23:59:59Z")
    assert status(harness, id) == "pending"
    freeze_clock(harness, "2026-03-10T00:00:00Z")
    assert status(harness, id) == "active"


def test_an_employee_stays_pending_until_a_postponed_start_of_benefits(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, earliest_benefits_start_date="2026-03-10")
    put(harness, id, {"earliest_benefits_start_date": "2026-03-20"})
    freeze_clock(harness, "2026-03-12T00:00:00Z")
    assert status(harness, id) == "pending"
    freeze_clock(harness, "2026-03-20T00:00:00Z")
    assert status(harness, id) == "active"


def test_an_earlier_start_of_benefits_activates_an_employee_earlier(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, earliest_benefits_start_date="2026-03-10")
    put(harness, id, {"earliest_benefits_start_date": "2026-03-02"})
    freeze_clock(harness, "2026-03-02T00:00:00Z")
    assert status(harness, id) == "active"


@pytest.mark.parametrize(("rule", "expected"), [("employee", "active"), ("employer", "pending")])
def test_statutory_schemes_do_not_wait_for_the_start_of_benefits(
    harness: Harness, employer: str, rule: str, expected: str
) -> None:
    set_assumptions(harness, statutory_country=rule)
    dutch_address = {"line1": "Damrak 1", "city": "Amsterdam", "postal_code": "1012 LG", "country_code": "nl"}
    id = create_employee(harness, employer, earliest_benefits_start_date="2026-06-01", home_address=dutch_address)
    harness.advance("2s")
    assert status(harness, id) == expected


@pytest.mark.parametrize(("rule", "expected"), [("counts", "pending"), ("ignored", "active")])
def test_an_assumption_applies_the_employers_start_of_benefits_to_employees(
    harness: Harness, rule: str, expected: str
) -> None:
    set_assumptions(harness, employer_benefits_start=rule)
    id = create_employee(harness, create_employer(harness, earliest_benefits_start_date="2026-06-01"))
    harness.advance("2s")
    assert status(harness, id) == expected


@pytest.mark.parametrize("day", ["2026-05-01", "2026-07-01"])
def test_an_employers_start_of_benefits_can_move_while_employees_wait_for_it(harness: Harness, day: str) -> None:
    employer = create_employer(harness, earliest_benefits_start_date="2026-06-01")
    id = create_employee(harness, employer)
    assert (
        harness.request("PUT", f"/employers/{employer}", json={"earliest_benefits_start_date": day}).status_code == 200
    )
    freeze_clock(harness, f"{day[:6]}{int(day[6]) - 1}-29T00:00:00Z")
    assert status(harness, id) == "pending"
    freeze_clock(harness, f"{day}T00:00:00Z")
    assert status(harness, id) == "active"


@pytest.mark.parametrize("state", ["active", "restricted", "offboarding", "inactive"])
def test_metadata_selects_the_outcome_of_processing(harness: Harness, employer: str, state: str) -> None:
    id = create_employee(harness, employer, metadata={"testmode.employee": state})
    harness.advance("2s")
    assert status(harness, id) == state


def test_metadata_of_the_employer_applies_to_all_its_employees(harness: Harness) -> None:
    id = create_employee(harness, create_employer(harness, metadata={"testmode.employee": "restricted"}))
    harness.advance("2s")
    assert status(harness, id) == "restricted"


def test_how_long_an_employee_is_processed_can_be_set(harness: Harness, employer: str) -> None:
    set_assumptions(harness, employee_check="1h")
    id = create_employee(harness, employer)
    harness.advance("59m")
    assert status(harness, id) == "pending"
    harness.advance("1m")
    assert status(harness, id) == "active"


def test_a_changed_duration_does_not_affect_a_check_in_progress(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer)
    set_assumptions(harness, employee_check="1h")
    harness.advance("2s")
    assert status(harness, id) == "active"


def test_employees_are_found_by_employer_status_and_their_own_id(harness: Harness, employer: str) -> None:
    other = create_employer(harness)
    first = create_employee(harness, employer, metadata={"id": "Zoé-7"})
    harness.advance("2s")
    second, third = create_employee(harness, employer, metadata={"ref": "zoe"}), create_employee(harness, other)

    def ids(query: str) -> list[str]:
        return [each["id"] for each in fetch(harness, f"/employees?{query}")["items"]]

    assert ids("") == [third, second, first]
    assert ids(f"employer_id={employer}") == [second, first]
    assert ids("filter=active,inactive") == [first]
    assert ids(f"filter=pending&employer_id={employer}") == [second]
    assert ids("metadata_id=ZOE") == [first]
    assert ids("metadata_id=o%C3%89") == [first]
    assert ids("metadata_id=nobody") == []
    assert invalid_fields(harness, "GET", "/employees?filter=gone") == ["filter"]
    assert invalid_fields(harness, "GET", "/employees?employer_id=ee_1") == ["employer_id"]
    assert refusal_code(harness, "GET", "/employees/ee_none") == (404, "not_found")


def test_an_update_keeps_omitted_fields_and_replaces_nested_objects(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, metadata={"a": "1"}, bank_account={"account_number": IBAN})
    before = fetch(harness, f"/employees/{id}")
    address = {"line1": "1 Quay", "city": "Cork", "postal_code": "T12 X8N6"}
    account = {"account_number": "GB33BUKB20201555555555"}
    body = {
        "home_address": address,
        "bank_account": account,
        "metadata": {"b": "2"},
        "first_name": "Nia",
        "email": None,
    }
    record = put(harness, id, body)
    assert record == {
        **before,
        "home_address": {**address, "line2": None, "line3": None, "state": None, "country_code": "ie"},
        "bank_account": {"account_number_last4": "5555"},
        "metadata": {"b": "2"},
        "first_name": "Nia",
    }
    assert event_types(harness)[-1] == "employee.updated"
    assert put(harness, id, {"date_of_birth": "2000-01-01", "sex_at_birth": "male"}) == record


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"home_address": {"line1": "x", "city": "y", "postal_code": "1"}}, "home_address.postal_code"),
        ({"phone_number": "123"}, "phone_number"),
        ({"first_name": ""}, "first_name"),
        ({"start_on": "2026-08-01"}, "start_on"),
        ({"start_on": "1899-01-01"}, "start_on"),
    ],
)
def test_an_invalid_update_of_an_employee_is_refused_with_the_path_of_the_field(
    harness: Harness, employer: str, body: Any, path: str
) -> None:
    id = create_employee(harness, employer)
    assert set(invalid_fields(harness, "PUT", f"/employees/{id}", body)) == {path}
    assert refusal_code(harness, "PUT", "/employees/ee_none", {}) == (404, "not_found")


def test_a_start_of_employment_moves_only_between_future_days(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, start_on="2026-06-01")
    assert put(harness, id, {"start_on": "2026-07-01"})["start_on"] == "2026-07-01"
    assert invalid_fields(harness, "PUT", f"/employees/{id}", {"start_on": "2026-03-01"}) == ["start_on"]


def test_dates_of_a_covered_employee_cannot_change(harness: Harness) -> None:
    pair = create_insured_employee(harness)
    enrol_employee(harness, pair)
    body = {"start_on": "2026-07-01", "earliest_benefits_start_date": "2026-07-01"}
    assert invalid_fields(harness, "PUT", f"/employees/{pair[0]}", body) == ["start_on", "earliest_benefits_start_date"]


def test_an_employer_of_record_names_the_customer_of_each_employee(harness: Harness, employer: str) -> None:
    set_assumptions(harness, platform_type="employer_of_record")
    assert invalid_fields(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": employer}) == [
        "external_customer_id"
    ]
    first, _other = (create_employee(harness, employer, external_customer_id=each) for each in ("acme", "zenith"))
    assert fetch(harness, f"/employees/{first}")["external_customer_id"] == "acme"
    assert [each["id"] for each in fetch(harness, "/employees?external_customer_id=acme")["items"]] == [first]


def test_other_platforms_have_no_customers(harness: Harness, employer: str) -> None:
    id = create_employee(harness, employer, external_customer_id="acme")
    assert fetch(harness, f"/employees/{id}")["external_customer_id"] is None
    assert fetch(harness, "/employees?external_customer_id=zenith")["total_count"] == 1
    set_assumptions(harness, external_customer_elsewhere="refused")
    body = {**EMPLOYEE, "employer_id": employer, "external_customer_id": "acme"}
    assert invalid_fields(harness, "POST", "/employees", body) == ["external_customer_id"]
    assert invalid_fields(harness, "GET", "/employees?external_customer_id=acme") == ["external_customer_id"]
