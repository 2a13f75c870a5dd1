"""What stories about Kota's cover begin with: an employee in a group with a policy, and a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.kota_helpers import create, create_employee, create_employer, simulate

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse, Harness

SANDBOX_PATH = "/sandboxes/kota"


def expect_ok(answer: ApiResponse) -> Any:
    """The body of an answer that did what was asked."""
    assert answer.status_code == 200, answer.text
    return answer.json


def expect_refusal(answer: ApiResponse, code: str = "invalid_state", status: int = 400) -> Any:
    """The body of a refusal of a code."""
    assert (answer.status_code, answer.json["error_code"]) == (status, code), answer.text
    return answer.json


def expect_no_content(answer: ApiResponse) -> None:
    """Hold that something was done that has no answer."""
    assert (answer.status_code, answer.data) == (204, b""), answer.text


def post(harness: Harness, path: str, json: Any = None) -> ApiResponse:
    """POST, with a body where one is given."""
    return harness.request("POST", path, **({} if json is None else {"json": json}))


def get(harness: Harness, path: str) -> Any:
    """What a path shows."""
    return expect_ok(harness.request("GET", path))


def set_assumptions(harness: Harness, **settings: Any) -> None:
    """Change assumptions."""
    expect_ok(harness.admin("PATCH", SANDBOX_PATH, {"assumptions": settings}))


def freeze_clock(harness: Harness, at: str) -> None:
    """Have it be an instant."""
    expect_ok(harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": at}))


def event_types(harness: Harness, about: str) -> list[str]:
    """The types of the events about an id, oldest first."""
    with harness.sandbox.transaction() as space:
        events = [record for _, record in space.scan("_events") if record["version"] == "v2"]
    return [each["type"] for each in events if about in each["data"].values()]


def find_plan(harness: Harness, name: str) -> Any:
    """The plan of that name."""
    with harness.sandbox.transaction() as space:
        return next(record for _, record in space.scan("plans") if record["name"] == name)


def coverage_selection(harness: Harness, scope: str, nth: int = 1) -> dict[str, Any]:
    """One option selected of the plan that has options of every scope."""
    found = next(each for each in find_plan(harness, "Choice")["coverage_options"] if each["scope"] == scope)
    return {"configuration_id": found["id"], "options": [{"option_id": found["options"][nth]["id"]}]}


def person(harness: Harness, employee_id: str, relationship: str = "child", born: str = "2019-02-03") -> str:
    """The id of one of an employee's family."""
    body = {
        "first_name": "Sean",
        "last_name": "Doyle",
        "date_of_birth": born,
        "sex_at_birth": "male",
        "relationship_type": relationship,
    }
    return str(create(harness, f"/employees/{employee_id}/associated_persons", body)["id"])


def create_group(harness: Harness, employer_id: str) -> str:
    """The id of a group without a policy."""
    return str(create(harness, "/groups", {"employer_id": employer_id, "name": "Everybody"})["id"])


def create_group_policy(
    harness: Harness, group_id: str, plan_name: str = "Core", start: str = "2026-03-01", sharing: Any = None
) -> str:
    """The id of a policy that a group is given."""
    sharing = sharing or {"type": "percentage", "percentage": {"percentage": 100}}
    asked = {"group_id": group_id, "plan_id": find_plan(harness, plan_name)["id"], "start_date": start}
    return str(simulate(harness, "make_group_policy", **asked, cost_sharing=sharing)["id"])


def add_to_group(harness: Harness, group_id: str, employee_id: str) -> None:
    """Put an employee into a group."""
    create(harness, f"/groups/{group_id}/employees", {"employee_id": employee_id, "create_enrolment_intents": False})


def create_insured_employee(
    harness: Harness, plan_name: str = "Core", start: str = "2026-03-01", **changes: Any
) -> tuple[str, str]:
    """An active employee in a group that has a policy: (employee, group)."""
    sharing = changes.pop("sharing", None)
    owner = create_employer(harness)
    someone, everybody = create_employee(harness, owner, **changes), create_group(harness, owner)
    create_group_policy(harness, everybody, plan_name, start, sharing)
    harness.advance("5s")
    add_to_group(harness, everybody, someone)
    return someone, everybody


def enrol_employee(harness: Harness, pair: tuple[str, str], **further: Any) -> Any:
    """The policy that an enrolment comes to by itself."""
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **further}
    id = create(harness, "/enrolment_intents", body)["id"]
    harness.advance("5s")
    return get(harness, f"/policies/{get(harness, f'/enrolment_intents/{id}')['policy_enrolments'][0]['id']}")
