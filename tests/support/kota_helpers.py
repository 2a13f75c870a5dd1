"""Helpers for the tests of Kota: requests, records and events."""

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
    """Makes a harness of Kota with the catalog only."""
    bare = replace(PROVIDER, generate=lambda randomness, *_: {**catalog_records.seed_records(randomness)})
    # The data sets in fixtures/ have other seeds: their files would be used instead of generating.
    harness = make_harness(bare, defaults=Settings(seed="bare"))
    if assumptions:
        set_assumptions(harness, **assumptions)
    return harness


def set_assumptions(harness: Harness, **settings: Any) -> None:
    answer = harness.admin("PATCH", SANDBOX_PATH, {"assumptions": settings})
    assert answer.status_code == 200, answer.text


def freeze_clock(harness: Harness, at: str) -> None:
    answer = harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": at})
    assert answer.status_code == 200, answer.text


def create(harness: Harness, path: str, body: Any = None) -> Any:
    """Send a POST request, assert that it succeeds, and return the body."""
    answer = harness.request("POST", path, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    return answer.json


def fetch(harness: Harness, path: str) -> Any:
    """Send a GET request, assert that it succeeds, and return the body."""
    answer = harness.request("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json


def expect_problem(harness: Harness, method: str, path: str, body: Any = None) -> Any:
    """Send a request, assert that it is refused, and return the problem."""
    answer = harness.request(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code >= 400, answer.text
    return answer.json


def invalid_fields(harness: Harness, method: str, path: str, body: Any = None) -> list[str]:
    """Assert that a call is refused as invalid, and return the fields or parameters that the refusal names."""
    problem = expect_problem(harness, method, path, body)
    assert (problem["status"], problem["error_code"]) == (400, "invalid_request")
    return list(problem["errors"])


def refusal_code(harness: Harness, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Assert that a call is refused, and return the status and the error code."""
    problem = expect_problem(harness, method, path, body)
    return problem["status"], problem["error_code"]


def create_employer(harness: Harness, **changes: Any) -> str:
    """Create an employer, and return its id."""
    return str(create(harness, "/employers", {**EMPLOYER, **changes})["id"])


def create_employee(harness: Harness, employer: str, **changes: Any) -> str:
    """Create an employee, and return the id."""
    return str(create(harness, "/employees", {**EMPLOYEE, "employer_id": employer, **changes})["id"])


def plan_id(harness: Harness, name: str) -> str:
    """Returns the id of the plan with this name."""
    plans = fetch(harness, "/plans?page_size=100")["items"]
    return next(str(each["id"]) for each in plans if each["name"] == name)


def event_types(harness: Harness, version: str = "v2") -> list[str]:
    """Returns the types of the events of one version, oldest first."""
    return [event["type"] for event in events(harness, version)]


def events(harness: Harness, version: str = "v2", type: str = "") -> list[Any]:
    """Returns the events of one version whose type begins with `type`, oldest first."""
    stored = harness.admin("GET", f"{SANDBOX_PATH}/events").json
    return [event for event in stored if event["version"] == version and event["type"].startswith(type)]


def take_step(harness: Harness, id: str, name: str) -> Any:
    """Have an object make a step of its lifecycle."""
    return simulate(harness, "take_step", id=id, step=name)


def simulate(harness: Harness, name: str, **parameters: Any) -> Any:
    """Run a simulation, assert that it succeeds, and return its response."""
    answer = harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters)
    assert answer.status_code == 200, answer.text
    return answer.json
