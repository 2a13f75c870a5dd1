"""Families and salaries of employees, and the sessions that show people Kota's pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from json import loads
from typing import Any

import pytest

from tests.support.kota_world import assume, code, employee, employer, events, made, new_world, read, wrong
from tests.support.worlds import World

CHILD = {
    "first_name": "Sean",
    "last_name": "Doyle",
    "date_of_birth": "2019-02-03",
    "sex_at_birth": "male",
    "relationship_type": "child",
}
SALARY = {"amount": 52_000, "currency": "eur", "pay_frequency": "annual", "effective_from": "2026-01-01"}


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def someone(world: World) -> str:
    return employee(world, employer(world))


def put(world: World, path: str, body: Any) -> Any:
    answer = world.ask("PUT", path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def delete(world: World, path: str) -> Any:
    answer = world.ask("DELETE", path)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_person_is_added_to_an_employee_and_found_there(world: World, someone: str) -> None:
    path = f"/employees/{someone}/associated_persons"
    shown = made(world, path, CHILD)
    platform = read(world, f"/employees/{someone}")["platform_id"]
    ids = {"object": "associated_person", "id": shown["id"], "platform_id": platform, "employee_id": someone}
    assert shown == {**CHILD, **ids, "email": None, "phone_number": None}
    assert read(world, f"{path}/{shown['id']}") == shown
    second = made(world, path, {**CHILD, "relationship_type": "other", "phone_number": "+353871234567"})
    assert [each["id"] for each in read(world, path)["items"]] == [second["id"], shown["id"]]


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
def test_what_a_person_cannot_be_is_refused_by_its_path(world: World, someone: str, changes: Any, path: str) -> None:
    several = f"/employees/{someone}/associated_persons"
    assert wrong(world, "POST", several, {**CHILD, **changes}) == [path]
    id = made(world, several, CHILD)["id"]
    assert wrong(world, "PUT", f"{several}/{id}", changes) == [path]


def test_null_clears_how_a_person_is_reached_and_leaves_the_rest(world: World, someone: str) -> None:
    several = f"/employees/{someone}/associated_persons"
    reached = {"email": "sean@doyle.test", "phone_number": "+353871234567"}
    shown = made(world, several, {**CHILD, **reached})
    single = f"{several}/{shown['id']}"
    assert put(world, single, {"first_name": "Shane"}) == {**shown, "first_name": "Shane"}
    cleared = put(world, single, {"email": None, "phone_number": None, "last_name": None})
    assert cleared == {**shown, "first_name": "Shane", "email": None, "phone_number": None} == read(world, single)
    data = {"id": shown["id"], "employee_id": someone}
    told_of = [each["data"] for each in events(world, type="associated_person.updated")]
    assert told_of == 2 * [{**data, "resource_type": "associated_person", "object": "associated_person_event"}]


def test_a_deleted_person_is_shown_once_more_and_gone(world: World, someone: str) -> None:
    several = f"/employees/{someone}/associated_persons"
    shown = made(world, several, CHILD)
    assert delete(world, f"{several}/{shown['id']}") == shown
    assert code(world, "DELETE", f"{several}/{shown['id']}") == (404, "not_found")
    assert read(world, several)["items"] == []


def test_a_person_is_nobody_beside_another_employee(world: World, someone: str) -> None:
    id = made(world, f"/employees/{someone}/associated_persons", CHILD)["id"]
    other = employee(world, employer(world))
    for method in ("GET", "DELETE"):
        assert code(world, method, f"/employees/{other}/associated_persons/{id}") == (404, "not_found")
    assert code(world, "PUT", f"/employees/{other}/associated_persons/{id}", {}) == (404, "not_found")
    assert code(world, "GET", "/employees/ee_none/associated_persons") == (404, "not_found")


def test_the_current_salary_is_the_latest_that_has_taken_effect(world: World, someone: str) -> None:
    path = f"/employees/{someone}/salaries"
    assert code(world, "GET", f"{path}/current") == (404, "not_found")
    old, new, ahead, newer = (
        made(world, path, {**SALARY, "effective_from": day, "amount": amount})
        for day, amount in (("2025-01-01", 1.5), ("2026-03-01", 2), ("2026-03-02", 3), ("2026-03-01", 4))
    )
    assert old == {**SALARY, **{name: old[name] for name in ("object", "id", "employee_id")}, "amount": 1.5} | {
        "effective_from": "2025-01-01"
    }
    assert read(world, path)["items"] == [newer, ahead, new, old]
    assert read(world, f"{path}/current") == newer
    world.advance("12h")
    assert read(world, f"{path}/current") == ahead
    assert read(world, f"{path}/{old['id']}") == old


def test_deleting_the_current_salary_promotes_the_one_before(world: World, someone: str) -> None:
    path = f"/employees/{someone}/salaries"
    before, current = (made(world, path, {**SALARY, "effective_from": day}) for day in ("2025-01-01", "2026-01-01"))
    assert delete(world, f"{path}/{current['id']}") == current
    assert read(world, f"{path}/current") == before
    assert code(world, "GET", f"{path}/{current['id']}") == (404, "not_found")
    (event,) = events(world, type="employee.salary_deleted")
    assert (event["data"]["id"], event["data"]["employee_id"]) == (current["id"], someone)
    other = employee(world, employer(world))
    assert code(world, "DELETE", f"/employees/{other}/salaries/{before['id']}") == (404, "not_found")


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
def test_what_a_salary_cannot_be_is_refused_by_its_path(world: World, someone: str, changes: Any, path: str) -> None:
    assert wrong(world, "POST", f"/employees/{someone}/salaries", {**SALARY, **changes}) == [path]


def claims(token: str) -> Any:
    middle = token.split(".")[1]
    return loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def test_an_embed_session_is_an_employers_or_an_employees(world: World, someone: str) -> None:
    owner = read(world, f"/employees/{someone}")["employer_id"]
    first = made(world, "/embed/sessions", {"employer_id": owner})
    second = made(world, "/embed/sessions", {"employer_id": owner, "employee_id": someone})
    assert (claims(first["token"])["sub"], claims(second["token"])["sub"]) == (owner, someone)
    assert first["expiry"] == "2026-03-01T13:00:00Z"
    assert claims(first["token"])["exp"] == 1_772_370_000
    again = made(world, "/embed/sessions", {"employer_id": owner})
    assert again["token"] != first["token"]
    assume(world, embed_session_lives="5m")
    assert made(world, "/embed/sessions", {"employer_id": owner})["expiry"] == "2026-03-01T12:05:00Z"


def test_an_employer_of_record_names_the_customer_of_an_employers_session(world: World, someone: str) -> None:
    owner = read(world, f"/employees/{someone}")["employer_id"]
    assume(world, platform_type="employer_of_record")
    assert wrong(world, "POST", "/embed/sessions", {"employer_id": owner}) == ["external_customer_id"]
    made(world, "/embed/sessions", {"employer_id": owner, "employee_id": someone})
    named = made(world, "/embed/sessions", {"employer_id": owner, "external_customer_id": "acme"})
    assert claims(named["token"])["external_customer_id"] == "acme"


def test_a_hosted_session_is_a_link_that_lives_an_hour(world: World, someone: str) -> None:
    owner = read(world, f"/employees/{someone}")["employer_id"]
    body = {"employer_id": owner, "employee_id": someone}
    first, second = made(world, "/hosted/sessions", body), made(world, "/hosted/sessions", body)
    assert first["expiry"] == "2026-03-01T13:00:00Z"
    assert first["link"].startswith("https://")
    assert first["link"] != second["link"]
    assert wrong(world, "POST", "/hosted/sessions", {"employer_id": owner}) == ["employee_id"]


@pytest.mark.parametrize("path", ["/embed/sessions", "/hosted/sessions"])
def test_a_session_needs_an_employee_of_the_employer(world: World, someone: str, path: str) -> None:
    other = employer(world)
    assert wrong(world, "POST", path, {"employer_id": other, "employee_id": someone}) == ["employee_id"]
    unknown = {"employer_id": other, "employee_id": "ee_none"}
    assert code(world, "POST", path, unknown) == (404, "not_found")
    assert code(world, "POST", path, {**unknown, "employer_id": "er_none"}) == (404, "not_found")
