"""What stories about Kota's cover begin with: an employee in a group with a policy, and a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.kota_world import employee, employer, made, simulate

if TYPE_CHECKING:
    from tests.support.worlds import Answer, World

S = "/sandboxes/kota"


def ok(answer: Answer) -> Any:
    """The body of an answer that did what was asked."""
    assert answer.status_code == 200, answer.text
    return answer.json


def refused(answer: Answer, code: str = "invalid_state", status: int = 400) -> Any:
    """The body of a refusal of a code."""
    assert (answer.status_code, answer.json["error_code"]) == (status, code), answer.text
    return answer.json


def done(answer: Answer) -> None:
    """Hold that something was done that has no answer."""
    assert (answer.status_code, answer.data) == (204, b""), answer.text


def post(world: World, path: str, json: Any = None) -> Answer:
    """POST, with a body where one is given."""
    return world.ask("POST", path, **({} if json is None else {"json": json}))


def get(world: World, path: str) -> Any:
    """What a path shows."""
    return ok(world.ask("GET", path))


def assume(world: World, **settings: Any) -> None:
    """Change assumptions."""
    ok(world.admin("PATCH", S, {"assumptions": settings}))


def freeze(world: World, at: str) -> None:
    """Have it be an instant."""
    ok(world.admin("PUT", f"{S}/clock", {"action": "freeze", "at": at}))


def told(world: World, about: str) -> list[str]:
    """The types of the events about an id, oldest first."""
    with world.sandbox.transaction() as space:
        events = [record for _, record in space.scan("_events") if record["version"] == "v2"]
    return [each["type"] for each in events if about in each["data"].values()]


def plan(world: World, name: str) -> Any:
    """The plan of that name."""
    with world.sandbox.transaction() as space:
        return next(record for _, record in space.scan("plans") if record["name"] == name)


def selection(world: World, scope: str, nth: int = 1) -> dict[str, Any]:
    """One option selected of the plan that has options of every scope."""
    found = next(each for each in plan(world, "Choice")["coverage_options"] if each["scope"] == scope)
    return {"configuration_id": found["id"], "options": [{"option_id": found["options"][nth]["id"]}]}


def person(world: World, employee_id: str, relationship: str = "child", born: str = "2019-02-03") -> str:
    """The id of one of an employee's family."""
    body = {
        "first_name": "Sean",
        "last_name": "Doyle",
        "date_of_birth": born,
        "sex_at_birth": "male",
        "relationship_type": relationship,
    }
    return str(made(world, f"/employees/{employee_id}/associated_persons", body)["id"])


def group(world: World, employer_id: str) -> str:
    """The id of a group without a policy."""
    return str(made(world, "/groups", {"employer_id": employer_id, "name": "Everybody"})["id"])


def group_policy(
    world: World, group_id: str, plan_name: str = "Core", start: str = "2026-03-01", sharing: Any = None
) -> str:
    """The id of a policy that a group is given."""
    sharing = sharing or {"type": "percentage", "percentage": {"percentage": 100}}
    asked = {"group_id": group_id, "plan_id": plan(world, plan_name)["id"], "start_date": start}
    return str(simulate(world, "make_group_policy", **asked, cost_sharing=sharing)["id"])


def join(world: World, group_id: str, employee_id: str) -> None:
    """Put an employee into a group."""
    made(world, f"/groups/{group_id}/employees", {"employee_id": employee_id, "create_enrolment_intents": False})


def insured_pair(world: World, plan_name: str = "Core", start: str = "2026-03-01", **changes: Any) -> tuple[str, str]:
    """An active employee in a group that has a policy: (employee, group)."""
    sharing = changes.pop("sharing", None)
    owner = employer(world)
    someone, everybody = employee(world, owner, **changes), group(world, owner)
    group_policy(world, everybody, plan_name, start, sharing)
    world.advance("5s")
    join(world, everybody, someone)
    return someone, everybody


def enrolled(world: World, pair: tuple[str, str], **further: Any) -> Any:
    """The policy that an enrolment comes to by itself."""
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": False, **further}
    id = made(world, "/enrolment_intents", body)["id"]
    world.advance("5s")
    return get(world, f"/policies/{get(world, f'/enrolment_intents/{id}')['policy_enrolments'][0]['id']}")
