"""Helpers for the tests of Kota's groups: make records, send requests, and read events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.engine import Progress, Randomness, Settings, State
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.catalog.records import seed_records
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

SANDBOX_PATH = "/sandboxes/kota"
ADDRESS = {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"}
QUOTE_ANSWERS = {"industry": "software", "headcount": 12}
POLICY_ANSWERS = {
    "legal_form": "limited_company",
    "signatory_name": "Orla Byrne",
    "signatory_phone": "+353871234567",
    "trading_since": "2019-05-01",
    "payment": "invoice",
}


def _generate_catalog(randomness: Randomness, size: str, progress: Progress) -> State:
    return {**seed_records(randomness)}


def make_empty_harness() -> Harness:
    """Makes a harness of Kota with insurers and plans only."""
    # The data sets in fixtures/ have other seeds: their files would be used instead of generating.
    return make_harness(replace(PROVIDER, generate=_generate_catalog), defaults=Settings(seed="bare"))


def expect_ok(answer: ApiResponse, status: int = 200) -> Any:
    """Assert the status of a response, and return its body if it is 200."""
    assert answer.status_code == status, answer.text
    return answer.json if status == 200 else None


def expect_field_refusal(answer: ApiResponse, path: str) -> None:
    """Assert that a response refuses exactly this field or parameter."""
    assert answer.status_code == 400, answer.text
    assert answer.json["error_code"] == "invalid_request"
    assert list(answer.json["errors"]) == [path]


def expect_invalid_state(answer: ApiResponse) -> None:
    """Assert that a response is the refusal `invalid_state`."""
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_state")


def expect_not_found(answer: ApiResponse) -> None:
    """Assert that a response is the refusal of an unknown id."""
    assert (answer.status_code, answer.json["error_code"]) == (404, "not_found")


def post(harness: Harness, path: str, json: Any = None) -> ApiResponse:
    """Send a POST request, with a JSON body if one is given."""
    return harness.request("POST", path, **({} if json is None else {"json": json}))


def get(harness: Harness, path: str) -> Any:
    """Send a GET request, assert that it succeeds, and return the body."""
    return expect_ok(harness.request("GET", path))


def fetch_status(harness: Harness, path: str) -> str:
    """Returns the member `status` of the record at a path."""
    return str(get(harness, path)["status"])


def set_assumptions(harness: Harness, **settings: Any) -> None:
    expect_ok(harness.admin("PATCH", SANDBOX_PATH, {"assumptions": settings}))


def simulate(harness: Harness, name: str, **parameters: Any) -> Any:
    """Run a simulation, assert that it succeeds, and return its response."""
    return expect_ok(harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters))


def expect_simulation_refused(harness: Harness, name: str, **parameters: Any) -> None:
    """Assert that a simulation is refused with 422."""
    assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/{name}", parameters).status_code == 422


def take_step(harness: Harness, id: str, name: str) -> None:
    """Have an object make a step of its lifecycle."""
    simulate(harness, "take_step", id=id, step=name)


def events(harness: Harness) -> list[Any]:
    """Returns the events of version 2, oldest first."""
    with harness.sandbox.transaction() as space:
        records = [record for _, record in space.scan("_events")]
    return [each for each in records if each["version"] == "v2"]


def event_types(harness: Harness, about: str | None = None) -> list[str]:
    """Returns the types of all events, or of those whose data contains an id, oldest first."""
    return [each["type"] for each in events(harness) if about is None or about in each["data"].values()]


def event_data(harness: Harness, type: str) -> list[Any]:
    """Returns the data of the events of a type, oldest first."""
    return [each["data"] for each in events(harness) if each["type"] == type]


def create_employer(harness: Harness, **changes: Any) -> str:
    """Create an active employer, and return its id."""
    body = {"legal_name": "Harbour Ltd", "legal_address": ADDRESS, "contact": {"name": "Orla", "email": "o@h.test"}}
    id = expect_ok(post(harness, "/employers", {**body, **changes}))["id"]
    harness.advance("5s")
    return str(id)


def create_employee(harness: Harness, employer_id: str, **changes: Any) -> str:
    """Create a pending employee, and return the id."""
    body = {
        "employer_id": employer_id,
        "first_name": "Niamh",
        "last_name": "Doyle",
        "date_of_birth": "1991-04-17",
        "sex_at_birth": "female",
        "home_address": ADDRESS,
        "national_tax_id": "1234567T",
        "start_on": "2025-09-01",
        "phone_number": "+353871234567",
        "email": "niamh@h.test",
    }
    return str(expect_ok(post(harness, "/employees", {**body, **changes}))["id"])


def create_active_employee(harness: Harness, employer_id: str, **changes: Any) -> str:
    """Create an active employee, and return the id."""
    id = create_employee(harness, employer_id, **changes)
    harness.advance("2s")
    return id


def find_plan(harness: Harness, name: str) -> Any:
    with harness.sandbox.transaction() as space:
        return next(record for _, record in space.scan("plans") if record["name"] == name)


def create_group(harness: Harness, employer_id: str) -> str:
    """Create a group without a policy, and return its id."""
    return str(expect_ok(post(harness, "/groups", {"employer_id": employer_id, "name": "Everybody"}))["id"])


def add_to_group(harness: Harness, group_id: str, employee_id: str, **changes: Any) -> None:
    expect_ok(post(harness, f"/groups/{group_id}/employees", {"employee_id": employee_id, **changes}))


def create_staffed_group(harness: Harness, count: int = 1, **changes: Any) -> str:
    """Create a new employer with a group of `count` active employees, and return the id of the group."""
    employer = create_employer(harness, **changes)
    id = create_group(harness, employer)
    for _ in range(count):
        add_to_group(harness, id, create_employee(harness, employer))
    harness.advance("2s")
    return id


def create_group_policy(
    harness: Harness, group_id: str, plan_name: str = "Core", start: str | None = "2026-03-01"
) -> str:
    """Create a policy of a group, and return its id."""
    parameters = {"group_id": group_id, "plan_id": find_plan(harness, plan_name)["id"], "start_date": start}
    return str(simulate(harness, "make_group_policy", **parameters)["id"])


def list_requirements(harness: Harness, intent_path: str) -> list[Any]:
    """Returns the requirements of an intent, newest first."""
    return list(get(harness, f"{intent_path}/requirements")["items"])


def answer_requirement(harness: Harness, requirement_id: str, answers: Any) -> Any:
    """Answer a requirement, and return it as the response shows it."""
    return expect_ok(post(harness, f"/requirements/{requirement_id}", {"answers": answers}))


def fulfil_requirement(harness: Harness, intent_path: str, answers: Any) -> None:
    """Answer the only requirement of an intent."""
    (requirement,) = list_requirements(harness, intent_path)
    assert answer_requirement(harness, requirement["id"], answers)["status"] == "fulfilled"


def create_quote_intent(harness: Harness, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """Create a quote intent, which is then processing, and return its id."""
    body = {"group_id": group_id, "plan_id": find_plan(harness, plan_name)["id"], **fields}
    return str(expect_ok(post(harness, "/group_quote_intents", body))["id"])


def create_available_quote(harness: Harness, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """Create a quote intent, advance it until its quote is available, and return its id."""
    id = create_quote_intent(harness, group_id, plan_name, **fields)
    harness.advance("2s")
    fulfil_requirement(harness, f"/group_quote_intents/{id}", QUOTE_ANSWERS)
    harness.advance("3s")
    return id


def create_policy_intent(harness: Harness, quote_id: str, **fields: Any) -> str:
    """Create a group policy intent, which is then processing, and return its id."""
    return str(expect_ok(post(harness, "/group_policy_intents", {"quote_intent_id": quote_id, **fields}))["id"])
