"""Short ways to what the tests of Kota begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.engine import Settings
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.catalog import records as catalog_records
from tests.support.harness import Harness, make_harness

SANDBOX_PATH = "/sandboxes/kota"

ADDRESS = {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"}
EMPLOYER = {
    "legal_name": "Brightwater Labs Ltd",
    "legal_address": ADDRESS,
    "contact": {"name": "Orla Byrne", "email": "orla@brightwater.test"},
}
EMPLOYEE = {
    "first_name": "Niamh",
    "last_name": "Doyle",
    "date_of_birth": "1991-04-17",
    "sex_at_birth": "female",
    "home_address": ADDRESS,
    "nationality": "ie",
    "national_tax_id": "1234567T",
    "start_on": "2025-09-01",
    "phone_number": "+353871234567",
    "email": "niamh.doyle@brightwater.test",
}


def make_empty_harness(**assumptions: Any) -> Harness:
    """A world in which nothing has happened yet: the catalog is there, and nobody else."""
    bare = replace(PROVIDER, generate=lambda randomness, *_: {**catalog_records.seed_records(randomness)})
    # Of another seed than the data sets that are kept as files.
    harness = make_harness(bare, defaults=Settings(seed="bare"))
    if assumptions:
        set_assumptions(harness, **assumptions)
    return harness


def set_assumptions(harness: Harness, **settings: Any) -> None:
    """Change assumptions."""
    answer = harness.admin("PATCH", SANDBOX_PATH, {"assumptions": settings})
    assert answer.status_code == 200, answer.text


def freeze_clock(harness: Harness, at: str) -> None:
    """Have it be an instant."""
    answer = harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": at})
    assert answer.status_code == 200, answer.text


def create(harness: Harness, path: str, body: Any = None) -> Any:
    """What a POST that has to succeed answers."""
    answer = harness.request("POST", path, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    return answer.json


def fetch(harness: Harness, path: str) -> Any:
    """What a GET that has to succeed answers."""
    answer = harness.request("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json


def expect_problem(harness: Harness, method: str, path: str, body: Any = None) -> Any:
    """The problem that a call which has to be refused is answered with."""
    answer = harness.request(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code >= 400, answer.text
    return answer.json


def invalid_fields(harness: Harness, method: str, path: str, body: Any = None) -> list[str]:
    """The fields or parameters that a call is refused for."""
    problem = expect_problem(harness, method, path, body)
    assert (problem["status"], problem["error_code"]) == (400, "invalid_request")
    return list(problem["errors"])


def refusal_code(harness: Harness, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """The status and error code that a call is refused with."""
    problem = expect_problem(harness, method, path, body)
    return problem["status"], problem["error_code"]


def create_employer(harness: Harness, **changes: Any) -> str:
    """The id of a new employer."""
    return str(create(harness, "/employers", {**EMPLOYER, **changes})["id"])


def create_employee(harness: Harness, employer: str, **changes: Any) -> str:
    """The id of a new employee."""
    return str(create(harness, "/employees", {**EMPLOYEE, "employer_id": employer, **changes})["id"])


def plan_id(harness: Harness, name: str) -> str:
    """The id of the plan of that name."""
    plans = fetch(harness, "/plans?page_size=100")["items"]
    return next(str(each["id"]) for each in plans if each["name"] == name)


def event_types(harness: Harness, version: str = "v2") -> list[str]:
    """The types of the events so far, oldest first, of one version."""
    return [event["type"] for event in events(harness, version)]


def events(harness: Harness, version: str = "v2", type: str = "") -> list[Any]:
    """The events so far, oldest first, of one version and perhaps one type."""
    kept = harness.admin("GET", f"{SANDBOX_PATH}/events").json
    return [event for event in kept if event["version"] == version and event["type"].startswith(type)]


def take_step(harness: Harness, id: str, name: str) -> Any:
    """Have an object take a step."""
    return simulate(harness, "take_step", id=id, step=name)


def simulate(harness: Harness, name: str, **parameters: Any) -> Any:
    """Have something happen off stage."""
    answer = harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters)
    assert answer.status_code == 200, answer.text
    return answer.json
