"""Associated persons and salaries of Kota's employees, and embed and hosted sessions."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from json import loads
from typing import Any

import pytest

from tests.support.harness import Harness
from tests.support.kota_helpers import (
    create,
    create_employee,
    create_employer,
    events,
    fetch,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    set_assumptions,
)

CHILD = {
    "first_name": "Sean",
    "last_name": "Doyle",
    "date_of_birth": "2019-02-03",
    "sex_at_birth": "male",
    "relationship_type": "child",
}
SALARY = {"amount": 52_000, "currency": "eur", "pay_frequency": "annual", "effective_from": "2026-01-01"}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


@pytest.fixture
def employee_id(harness: Harness) -> str:
    return create_employee(harness, create_employer(harness))


def put(harness: Harness, path: str, body: Any) -> Any:
    response = harness.request("PUT", path, json=body)
    assert response.status_code == 200, response.text
    return response.json


def delete(harness: Harness, path: str) -> Any:
    response = harness.request("DELETE", path)
    assert response.status_code == 200, response.text
    return response.json


def test_a_person_is_added_to_an_employee_and_found_there(harness: Harness, employee_id: str) -> None:
    path = f"/employees/{employee_id}/associated_persons"
    record = create(harness, path, CHILD)
    platform = fetch(harness, f"/employees/{employee_id}")["platform_id"]
    ids = {"object": "associated_person", "id": record["id"], "platform_id": platform, "employee_id": employee_id}
    assert record == {**CHILD, **ids, "email": None, "phone_number": None}
    assert fetch(harness, f"{path}/{record['id']}") == record
    second = create(harness, path, {**CHILD, "relationship_type": "other", "phone_number": "+353871234567"})
    assert [each["id"] for each in fetch(harness, path)["items"]] == [second["id"], record["id"]]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"first_name": ""}, "first_name"),
        ({"last_name": " "}, "last_name"),
        ({"date_of_birth": "1900-01-01"}, "date_of_birth"),
        ({"date_of_birth": "2026-03-01"}, "date_of_birth"),
        ({"sex_at_birth": "x"}, "sex_at_birth"),
        ({"relationship_type": "cousin"}, "relationship_type"),
        ({"phone_number": "12"}, "phone_number"),
    ],
)
def test_an_invalid_person_is_refused_with_the_path_of_the_field(
    harness: Harness, employee_id: str, changes: Any, path: str
) -> None:
    list_path = f"/employees/{employee_id}/associated_persons"
    assert invalid_fields(harness, "POST", list_path, {**CHILD, **changes}) == [path]
    id = create(harness, list_path, CHILD)["id"]
    assert invalid_fields(harness, "PUT", f"{list_path}/{id}", changes) == [path]


def test_null_clears_email_and_phone_number_only(harness: Harness, employee_id: str) -> None:
    path = f"/employees/{employee_id}/associated_persons"
    contact = {"email": "sean@doyle.test", "phone_number": "+353871234567"}
    record = create(harness, path, {**CHILD, **contact})
    person_path = f"{path}/{record['id']}"
    assert put(harness, person_path, {"first_name": "Shane"}) == {**record, "first_name": "Shane"}
    cleared = put(harness, person_path, {"email": None, "phone_number": None, "last_name": None})
    assert (
        cleared == {**record, "first_name": "Shane", "email": None, "phone_number": None} == fetch(harness, person_path)
    )
    data = {"id": record["id"], "employee_id": employee_id}
    event_data = [each["data"] for each in events(harness, type="associated_person.updated")]
    assert event_data == 2 * [{**data, "resource_type": "associated_person", "object": "associated_person_event"}]


def test_a_delete_returns_the_person_who_is_then_not_found(harness: Harness, employee_id: str) -> None:
    path = f"/employees/{employee_id}/associated_persons"
    record = create(harness, path, CHILD)
    assert delete(harness, f"{path}/{record['id']}") == record
    assert refusal_code(harness, "DELETE", f"{path}/{record['id']}") == (404, "not_found")
    assert fetch(harness, path)["items"] == []


def test_a_person_is_not_found_under_another_employee(harness: Harness, employee_id: str) -> None:
    id = create(harness, f"/employees/{employee_id}/associated_persons", CHILD)["id"]
    other = create_employee(harness, create_employer(harness))
    for method in ("GET", "DELETE"):
        assert refusal_code(harness, method, f"/employees/{other}/associated_persons/{id}") == (404, "not_found")
    assert refusal_code(harness, "PUT", f"/employees/{other}/associated_persons/{id}", {}) == (404, "not_found")
    assert refusal_code(harness, "GET", "/employees/ee_none/associated_persons") == (404, "not_found")


def test_the_current_salary_is_the_latest_that_has_taken_effect(harness: Harness, employee_id: str) -> None:
    path = f"/employees/{employee_id}/salaries"
    assert refusal_code(harness, "GET", f"{path}/current") == (404, "not_found")
    old, new, future, newer = (
        create(harness, path, {**SALARY, "effective_from": day, "amount": amount})
        for day, amount in (("2025-01-01", 1.5), ("2026-03-01", 2), ("2026-03-02", 3), ("2026-03-01", 4))
    )
    assert old == {**SALARY, **{name: old[name] for name in ("object", "id", "employee_id")}, "amount": 1.5} | {
        "effective_from": "2025-01-01"
    }
    assert fetch(harness, path)["items"] == [newer, future, new, old]
    assert fetch(harness, f"{path}/current") == newer
    harness.advance("12h")
    assert fetch(harness, f"{path}/current") == future
    assert fetch(harness, f"{path}/{old['id']}") == old


def test_deleting_the_current_salary_makes_the_previous_one_current(harness: Harness, employee_id: str) -> None:
    path = f"/employees/{employee_id}/salaries"
    before, current = (create(harness, path, {**SALARY, "effective_from": day}) for day in ("2025-01-01", "2026-01-01"))
    assert delete(harness, f"{path}/{current['id']}") == current
    assert fetch(harness, f"{path}/current") == before
    assert refusal_code(harness, "GET", f"{path}/{current['id']}") == (404, "not_found")
    (event,) = events(harness, type="employee.salary_deleted")
    assert (event["data"]["id"], event["data"]["employee_id"]) == (current["id"], employee_id)
    other = create_employee(harness, create_employer(harness))
    assert refusal_code(harness, "DELETE", f"/employees/{other}/salaries/{before['id']}") == (404, "not_found")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": "1"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"pay_frequency": "daily"}, "pay_frequency"),
        ({"effective_from": "today"}, "effective_from"),
    ],
)
def test_an_invalid_salary_is_refused_with_the_path_of_the_field(
    harness: Harness, employee_id: str, changes: Any, path: str
) -> None:
    assert invalid_fields(harness, "POST", f"/employees/{employee_id}/salaries", {**SALARY, **changes}) == [path]


def claims(token: str) -> Any:
    payload = token.split(".")[1]
    return loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_an_embed_session_belongs_to_an_employer_or_an_employee(harness: Harness, employee_id: str) -> None:
    employer = fetch(harness, f"/employees/{employee_id}")["employer_id"]
    first = create(harness, "/embed/sessions", {"employer_id": employer})
    second = create(harness, "/embed/sessions", {"employer_id": employer, "employee_id": employee_id})
    assert (claims(first["token"])["sub"], claims(second["token"])["sub"]) == (employer, employee_id)
    assert first["expiry"] == "2026-03-01T13:00:00Z"
    assert claims(first["token"])["exp"] == 1_772_370_000
    third = create(harness, "/embed/sessions", {"employer_id": employer})
    assert third["token"] != first["token"]
    set_assumptions(harness, embed_session_lives="5m")
    assert create(harness, "/embed/sessions", {"employer_id": employer})["expiry"] == "2026-03-01T12:05:00Z"


def test_an_employer_of_record_names_the_customer_of_an_employers_session(harness: Harness, employee_id: str) -> None:
    employer = fetch(harness, f"/employees/{employee_id}")["employer_id"]
    set_assumptions(harness, platform_type="employer_of_record")
    assert invalid_fields(harness, "POST", "/embed/sessions", {"employer_id": employer}) == ["external_customer_id"]
    create(harness, "/embed/sessions", {"employer_id": employer, "employee_id": employee_id})
    named = create(harness, "/embed/sessions", {"employer_id": employer, "external_customer_id": "acme"})
    assert claims(named["token"])["external_customer_id"] == "acme"


def test_a_hosted_session_is_a_link_that_is_valid_for_an_hour(harness: Harness, employee_id: str) -> None:
    employer = fetch(harness, f"/employees/{employee_id}")["employer_id"]
    body = {"employer_id": employer, "employee_id": employee_id}
    first, second = create(harness, "/hosted/sessions", body), create(harness, "/hosted/sessions", body)
    assert first["expiry"] == "2026-03-01T13:00:00Z"
    assert first["link"].startswith("https://")
    assert first["link"] != second["link"]
    assert invalid_fields(harness, "POST", "/hosted/sessions", {"employer_id": employer}) == ["employee_id"]


@pytest.mark.parametrize("path", ["/embed/sessions", "/hosted/sessions"])
def test_a_session_needs_an_employee_of_the_employer(harness: Harness, employee_id: str, path: str) -> None:
    other = create_employer(harness)
    assert invalid_fields(harness, "POST", path, {"employer_id": other, "employee_id": employee_id}) == ["employee_id"]
    unknown = {"employer_id": other, "employee_id": "ee_none"}
    assert refusal_code(harness, "POST", path, unknown) == (404, "not_found")
    assert refusal_code(harness, "POST", path, {**unknown, "employer_id": "er_none"}) == (404, "not_found")
