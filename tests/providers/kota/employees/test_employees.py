"""Employees: made, checked, found, changed, and what makes them wait."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_cover import enrolled, insured_pair
from tests.support.kota_world import (
    ADDRESS,
    EMPLOYEE,
    assume,
    code,
    employee,
    employer,
    events,
    freeze,
    made,
    new_world,
    read,
    told,
    wrong,
)
from tests.support.worlds import World

IBAN = "IE29AIBK93115212345678"


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def owner(world: World) -> str:
    return employer(world)


def status(world: World, id: str) -> str:
    return str(read(world, f"/employees/{id}")["status"])


def put(world: World, id: str, body: Any) -> Any:
    answer = world.ask("PUT", f"/employees/{id}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_employee_is_pending_until_it_is_processed(world: World, owner: str) -> None:
    asked = {**EMPLOYEE, "employer_id": owner, "bank_account": {"account_number": IBAN}, "metadata": {"id": "emp-042"}}
    shown = made(world, "/employees", asked)
    assert shown == {
        **asked,
        "object": "employee",
        "id": shown["id"],
        "platform_id": shown["platform_id"],
        "status": "pending",
        "external_customer_id": None,
        "home_address": {"line2": None, "line3": None, "state": None, **ADDRESS},
        "earliest_benefits_start_date": None,
        "offboard_on": None,
        "bank_account": {"account_number_last4": "5678"},
    }
    world.advance("2s")
    assert status(world, shown["id"]) == "active"
    assert [each for each in told(world) if each.startswith("employee.")] == ["employee.created", "employee.updated"]
    (thin, _), (whole, _) = events(world, type="employee."), events(world, "v1", "employee.")
    assert thin["data"] == {
        "id": shown["id"],
        "employer_id": owner,
        "metadata": {"id": "emp-042"},
        "resource_type": "employee",
        "object": "employee_event",
    }
    assert whole["data"] == shown


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
def test_what_an_employee_cannot_be_is_refused_by_its_path(world: World, owner: str, changes: Any, path: str) -> None:
    assert wrong(world, "POST", "/employees", {**EMPLOYEE, "employer_id": owner, **changes}) == [path]


def test_an_employee_may_be_born_the_day_before_and_begin_in_the_future(world: World, owner: str) -> None:
    id = employee(world, owner, date_of_birth="2026-02-28", start_on="2030-01-01")
    assert read(world, f"/employees/{id}")["start_on"] == "2030-01-01"
    assert employee(world, owner, date_of_birth="1900-01-02", start_on="1900-01-02")


def test_nobody_is_employed_by_an_employer_that_is_inactive(world: World, owner: str) -> None:
    made(world, f"/employers/{owner}/offboard")
    assert code(world, "POST", "/employees", {**EMPLOYEE, "employer_id": owner}) == (400, "invalid_state")


def test_an_employee_stays_pending_before_its_benefits_may_begin(world: World, owner: str) -> None:
    id = employee(world, owner, earliest_benefits_start_date="2026-03-10")
    freeze(world, "2026-03-09T23:59:59Z")
    assert status(world, id) == "pending"
    freeze(world, "2026-03-10T00:00:00Z")
    assert status(world, id) == "active"


def test_a_start_of_benefits_that_is_put_off_is_waited_for(world: World, owner: str) -> None:
    id = employee(world, owner, earliest_benefits_start_date="2026-03-10")
    put(world, id, {"earliest_benefits_start_date": "2026-03-20"})
    freeze(world, "2026-03-12T00:00:00Z")
    assert status(world, id) == "pending"
    freeze(world, "2026-03-20T00:00:00Z")
    assert status(world, id) == "active"


def test_a_start_of_benefits_that_is_brought_forward_is_not_waited_for(world: World, owner: str) -> None:
    id = employee(world, owner, earliest_benefits_start_date="2026-03-10")
    put(world, id, {"earliest_benefits_start_date": "2026-03-02"})
    freeze(world, "2026-03-02T00:00:00Z")
    assert status(world, id) == "active"


@pytest.mark.parametrize(("rule", "expected"), [("employee", "active"), ("employer", "pending")])
def test_statutory_schemes_do_not_wait_for_the_start_of_benefits(
    world: World, owner: str, rule: str, expected: str
) -> None:
    assume(world, statutory_country=rule)
    dutch = {"line1": "Damrak 1", "city": "Amsterdam", "postal_code": "1012 LG", "country_code": "nl"}
    id = employee(world, owner, earliest_benefits_start_date="2026-06-01", home_address=dutch)
    world.advance("2s")
    assert status(world, id) == expected


@pytest.mark.parametrize(("rule", "expected"), [("counts", "pending"), ("ignored", "active")])
def test_the_employers_start_of_benefits_counts_for_its_employees(world: World, rule: str, expected: str) -> None:
    assume(world, employer_benefits_start=rule)
    id = employee(world, employer(world, earliest_benefits_start_date="2026-06-01"))
    world.advance("2s")
    assert status(world, id) == expected


@pytest.mark.parametrize("day", ["2026-05-01", "2026-07-01"])
def test_an_employers_start_of_benefits_can_move_while_employees_wait_for_it(world: World, day: str) -> None:
    owner = employer(world, earliest_benefits_start_date="2026-06-01")
    id = employee(world, owner)
    assert world.ask("PUT", f"/employers/{owner}", json={"earliest_benefits_start_date": day}).status_code == 200
    freeze(world, f"{day[:6]}{int(day[6]) - 1}-29T00:00:00Z")
    assert status(world, id) == "pending"
    freeze(world, f"{day}T00:00:00Z")
    assert status(world, id) == "active"


@pytest.mark.parametrize("state", ["active", "restricted", "offboarding", "inactive"])
def test_metadata_choose_what_processing_comes_to(world: World, owner: str, state: str) -> None:
    id = employee(world, owner, metadata={"testmode.employee": state})
    world.advance("2s")
    assert status(world, id) == state


def test_metadata_of_the_employer_choose_for_all_its_employees(world: World) -> None:
    id = employee(world, employer(world, metadata={"testmode.employee": "restricted"}))
    world.advance("2s")
    assert status(world, id) == "restricted"


def test_how_long_an_employee_is_processed_can_be_set(world: World, owner: str) -> None:
    assume(world, employee_check="1h")
    id = employee(world, owner)
    world.advance("59m")
    assert status(world, id) == "pending"
    world.advance("1m")
    assert status(world, id) == "active"


def test_a_check_that_has_begun_ends_when_it_was_to_whatever_is_set_meanwhile(world: World, owner: str) -> None:
    id = employee(world, owner)
    assume(world, employee_check="1h")
    world.advance("2s")
    assert status(world, id) == "active"


def test_employees_are_found_by_employer_status_and_their_own_id(world: World, owner: str) -> None:
    other = employer(world)
    first = employee(world, owner, metadata={"id": "Zoé-7"})
    world.advance("2s")
    second, third = employee(world, owner, metadata={"ref": "zoe"}), employee(world, other)

    def found(query: str) -> list[str]:
        return [each["id"] for each in read(world, f"/employees?{query}")["items"]]

    assert found("") == [third, second, first]
    assert found(f"employer_id={owner}") == [second, first]
    assert found("filter=active,inactive") == [first]
    assert found(f"filter=pending&employer_id={owner}") == [second]
    assert found("metadata_id=ZOE") == [first]
    assert found("metadata_id=o%C3%89") == [first]
    assert found("metadata_id=nobody") == []
    assert wrong(world, "GET", "/employees?filter=gone") == ["filter"]
    assert wrong(world, "GET", "/employees?employer_id=ee_1") == ["employer_id"]
    assert code(world, "GET", "/employees/ee_none") == (404, "not_found")


def test_an_update_leaves_what_it_leaves_out_and_replaces_parts_whole(world: World, owner: str) -> None:
    id = employee(world, owner, metadata={"a": "1"}, bank_account={"account_number": IBAN})
    before = read(world, f"/employees/{id}")
    address = {"line1": "1 Quay", "city": "Cork", "postal_code": "T12 X8N6"}
    account = {"account_number": "GB33BUKB20201555555555"}
    body = {
        "home_address": address,
        "bank_account": account,
        "metadata": {"b": "2"},
        "first_name": "Nia",
        "email": None,
    }
    shown = put(world, id, body)
    assert shown == {
        **before,
        "home_address": {**address, "line2": None, "line3": None, "state": None, "country_code": "ie"},
        "bank_account": {"account_number_last4": "5555"},
        "metadata": {"b": "2"},
        "first_name": "Nia",
    }
    assert told(world)[-1] == "employee.updated"
    assert put(world, id, {"date_of_birth": "2000-01-01", "sex_at_birth": "male"}) == shown


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
def test_what_an_employee_cannot_become_is_refused_by_its_path(world: World, owner: str, body: Any, path: str) -> None:
    id = employee(world, owner)
    assert set(wrong(world, "PUT", f"/employees/{id}", body)) == {path}
    assert code(world, "PUT", "/employees/ee_none", {}) == (404, "not_found")


def test_employment_moves_only_from_one_day_ahead_to_another(world: World, owner: str) -> None:
    id = employee(world, owner, start_on="2026-06-01")
    assert put(world, id, {"start_on": "2026-07-01"})["start_on"] == "2026-07-01"
    assert wrong(world, "PUT", f"/employees/{id}", {"start_on": "2026-03-01"}) == ["start_on"]


def test_dates_are_fixed_once_there_is_cover(world: World) -> None:
    pair = insured_pair(world)
    enrolled(world, pair)
    body = {"start_on": "2026-07-01", "earliest_benefits_start_date": "2026-07-01"}
    assert wrong(world, "PUT", f"/employees/{pair[0]}", body) == ["start_on", "earliest_benefits_start_date"]


def test_an_employer_of_record_names_the_customer_of_each_employee(world: World, owner: str) -> None:
    assume(world, platform_type="employer_of_record")
    assert wrong(world, "POST", "/employees", {**EMPLOYEE, "employer_id": owner}) == ["external_customer_id"]
    first, _ = (employee(world, owner, external_customer_id=each) for each in ("acme", "zenith"))
    assert read(world, f"/employees/{first}")["external_customer_id"] == "acme"
    assert [each["id"] for each in read(world, "/employees?external_customer_id=acme")["items"]] == [first]


def test_other_platforms_have_no_customers(world: World, owner: str) -> None:
    id = employee(world, owner, external_customer_id="acme")
    assert read(world, f"/employees/{id}")["external_customer_id"] is None
    assert read(world, "/employees?external_customer_id=zenith")["total_count"] == 1
    assume(world, external_customer_elsewhere="refused")
    body = {**EMPLOYEE, "employer_id": owner, "external_customer_id": "acme"}
    assert wrong(world, "POST", "/employees", body) == ["external_customer_id"]
    assert wrong(world, "GET", "/employees?external_customer_id=acme") == ["external_customer_id"]
