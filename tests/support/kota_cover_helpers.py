"""Helpers for the tests of Kota's cover: employees in groups with policies, and their families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.kota_helpers import create, create_employee, create_employer, simulate

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse, Harness

SANDBOX_PATH = "/sandboxes/kota"


def expect_ok(answer: ApiResponse) -> Any:
    """Assert that a response is 200, and return its body."""
    assert answer.status_code == 200, answer.text
    return answer.json


def expect_refusal(answer: ApiResponse, code: str = "invalid_state", status: int = 400) -> Any:
    """Assert that a response is a refusal with this code and status, and return its body."""
    assert (answer.status_code, answer.json["error_code"]) == (status, code), answer.text
    return answer.json


def expect_no_content(answer: ApiResponse) -> None:
    """Assert that a response is 204 without a body."""
    assert (answer.status_code, answer.data) == (204, b""), answer.text


def post(harness: Harness, path: str, json: Any = None) -> ApiResponse:
    """Send a POST request, with a JSON body if one is given."""
    return harness.request("POST", path, **({} if json is None else {"json": json}))


def get(harness: Harness, path: str) -> Any:
    """Send a GET request, assert that it succeeds, and return the body."""
    return expect_ok(harness.request("GET", path))


def set_assumptions(harness: Harness, **settings: Any) -> None:
    expect_ok(harness.admin("PATCH", SANDBOX_PATH, {"assumptions": settings}))


def freeze_clock(harness: Harness, at: str) -> None:
    expect_ok(harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": at}))


def event_types(harness: Harness, about: str) -> list[str]:
    """Returns the types of the version 2 events that contain an id, oldest first."""
    with harness.sandbox.transaction() as space:
        events = [record for _, record in space.scan("_events") if record["version"] == "v2"]
    return [each["type"] for each in events if about in each["data"].values()]


def find_plan(harness: Harness, name: str) -> Any:
    with harness.sandbox.transaction() as space:
        return next(record for _, record in space.scan("plans") if record["name"] == name)


def coverage_selection(harness: Harness, scope: str, nth: int = 1) -> dict[str, Any]:
    """Returns a coverage selection for the plan "Choice", which has options of every scope."""
    configuration = next(each for each in find_plan(harness, "Choice")["coverage_options"] if each["scope"] == scope)
    return {"configuration_id": configuration["id"], "options": [{"option_id": configuration["options"][nth]["id"]}]}


def person(harness: Harness, employee_id: str, relationship: str = "child", born: str = "2019-02-03") -> str:
    """Create a family member of an employee, and return the id."""
    body = {
        "first_name": "Sean",
        "last_name": "Doyle",
        "date_of_birth": born,
        "sex_at_birth": "male",
        "relationship_type": relationship,
    }
    return str(create(harness, f"/employees/{employee_id}/associated_persons", body)["id"])


def create_group(harness: Harness, employer_id: str) -> str:
    """Create a group without a policy, and return its id."""
    return str(create(harness, "/groups", {"employer_id": employer_id, "name": "Everybody"})["id"])


def create_group_policy(
    harness: Harness, group_id: str, plan_name: str = "Core", start: str = "2026-03-01", sharing: Any = None
) -> str:
    """Create a policy of a group, and return its id."""
    sharing = sharing or {"type": "percentage", "percentage": {"percentage": 100}}
    parameters = {"group_id": group_id, "plan_id": find_plan(harness, plan_name)["id"], "start_date": start}
    return str(simulate(harness, "make_group_policy", **parameters, cost_sharing=sharing)["id"])


def add_to_group(harness: Harness, group_id: str, employee_id: str) -> None:
    create(harness, f"/groups/{group_id}/employees", {"employee_id": employee_id, "create_enrolment_intents": False})


def create_insured_employee(
    harness: Harness, plan_name: str = "Core", start: str = "2026-03-01", **changes: Any
) -> tuple[str, str]:
    """Create an active employee in a group with a policy, and return both ids: (employee, group)."""
    sharing = changes.pop("sharing", None)
    employer = create_employer(harness)
    employee, group = create_employee(harness, employer, **changes), create_group(harness, employer)
    create_group_policy(harness, group, plan_name, start, sharing)
    harness.advance("5s")
    add_to_group(harness, group, employee)
    return employee, group


def enrol_employee(harness: Harness, pair: tuple[str, str], **further: Any) -> Any:
    """Enrol an employee of a group, (employee, group), and return the policy that results."""
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **further}
    id = create(harness, "/enrolment_intents", body)["id"]
    harness.advance("5s")
    return get(harness, f"/policies/{get(harness, f'/enrolment_intents/{id}')['policy_enrolments'][0]['id']}")
