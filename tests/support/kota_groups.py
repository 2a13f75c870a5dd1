"""What stories about Kota's groups begin with, and how they look at what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.engine import Progress, Randomness, Settings, State
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.catalog.records import records
from tests.support.worlds import World, make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer

S = "/sandboxes/kota"
ADDRESS = {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"}
QUOTE_ANSWERS = {"industry": "software", "headcount": 12}
POLICY_ANSWERS = {
    "legal_form": "limited_company",
    "signatory_name": "Orla Byrne",
    "signatory_phone": "+353871234567",
    "trading_since": "2019-05-01",
    "payment": "invoice",
}


def _catalog(randomness: Randomness, size: str, progress: Progress) -> State:
    return {**records(randomness)}


def bare_world() -> World:
    """A platform that nobody has signed up to: it has providers and plans alone."""
    # Of another seed than the data sets that are kept as files.
    return make_world(replace(PROVIDER, generate=_catalog), defaults=Settings(seed="bare"))


def ok(answer: Answer, status: int = 200) -> Any:
    """The body of an answer that did what was asked."""
    assert answer.status_code == status, answer.text
    return answer.json if status == 200 else None


def refused(answer: Answer, path: str) -> None:
    """Hold an answer to be the refusal of one field or parameter."""
    assert answer.status_code == 400, answer.text
    assert answer.json["error_code"] == "invalid_request"
    assert list(answer.json["errors"]) == [path]


def not_now(answer: Answer) -> None:
    """Hold an answer to be the refusal of what the state does not allow."""
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_state")


def missing(answer: Answer) -> None:
    """Hold an answer to be the refusal of an unknown id."""
    assert (answer.status_code, answer.json["error_code"]) == (404, "not_found")


def post(world: World, path: str, json: Any = None) -> Answer:
    """POST, with a body where one is given."""
    return world.ask("POST", path, **({} if json is None else {"json": json}))


def get(world: World, path: str) -> Any:
    """What a path shows."""
    return ok(world.ask("GET", path))


def status(world: World, path: str) -> str:
    """The status of what a path shows."""
    return str(get(world, path)["status"])


def assume(world: World, **settings: Any) -> None:
    """Change assumptions."""
    ok(world.admin("PATCH", S, {"assumptions": settings}))


def simulate(world: World, name: str, **parameters: Any) -> Any:
    """Have something happen off stage."""
    return ok(world.admin("POST", f"{S}/simulations/{name}", parameters))


def impossible(world: World, name: str, **parameters: Any) -> None:
    """Hold something to be impossible off stage."""
    assert world.admin("POST", f"{S}/simulations/{name}", parameters).status_code == 422


def step(world: World, id: str, name: str) -> None:
    """Have an object take a step of its life."""
    simulate(world, "take_step", id=id, step=name)


def events(world: World) -> list[Any]:
    """The events of version 2, oldest first."""
    with world.sandbox.transaction() as space:
        kept = [record for _, record in space.scan("_events")]
    return [each for each in kept if each["version"] == "v2"]


def told(world: World, about: str | None = None) -> list[str]:
    """The types of the events so far, oldest first: all, or those whose data name an id."""
    return [each["type"] for each in events(world) if about is None or about in each["data"].values()]


def data_of(world: World, type: str) -> list[Any]:
    """The data of the events of a type, oldest first."""
    return [each["data"] for each in events(world) if each["type"] == type]


def employer(world: World, **changes: Any) -> str:
    """An active employer's id."""
    body = {"legal_name": "Harbour Ltd", "legal_address": ADDRESS, "contact": {"name": "Orla", "email": "o@h.test"}}
    id = ok(post(world, "/employers", {**body, **changes}))["id"]
    world.advance("5s")
    return str(id)


def employee(world: World, employer_id: str, **changes: Any) -> str:
    """The id of an employee who is pending."""
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
    return str(ok(post(world, "/employees", {**body, **changes}))["id"])


def active(world: World, employer_id: str, **changes: Any) -> str:
    """The id of an employee who is active."""
    id = employee(world, employer_id, **changes)
    world.advance("2s")
    return id


def plan(world: World, name: str) -> Any:
    """The plan of that name."""
    with world.sandbox.transaction() as space:
        return next(record for _, record in space.scan("plans") if record["name"] == name)


def group(world: World, employer_id: str) -> str:
    """The id of a group without a policy."""
    return str(ok(post(world, "/groups", {"employer_id": employer_id, "name": "Everybody"}))["id"])


def join(world: World, group_id: str, employee_id: str, **changes: Any) -> None:
    """Put an employee into a group."""
    ok(post(world, f"/groups/{group_id}/employees", {"employee_id": employee_id, **changes}))


def staffed(world: World, count: int = 1, **changes: Any) -> str:
    """The id of a group of so many active employees, of an employer of its own."""
    owner = employer(world, **changes)
    id = group(world, owner)
    for _ in range(count):
        join(world, id, employee(world, owner))
    world.advance("2s")
    return id


def group_policy(world: World, group_id: str, plan_name: str = "Core", start: str | None = "2026-03-01") -> str:
    """The id of a policy that a group is given."""
    asked = {"group_id": group_id, "plan_id": plan(world, plan_name)["id"], "start_date": start}
    return str(simulate(world, "make_group_policy", **asked)["id"])


def requirements_of(world: World, intent_path: str) -> list[Any]:
    """What an intent requires, newest first."""
    return list(get(world, f"{intent_path}/requirements")["items"])


def answer(world: World, requirement_id: str, answers: Any) -> Any:
    """What answering a requirement shows."""
    return ok(post(world, f"/requirements/{requirement_id}", {"answers": answers}))


def fulfil(world: World, intent_path: str, answers: Any) -> None:
    """Answer the one requirement of an intent."""
    (required,) = requirements_of(world, intent_path)
    assert answer(world, required["id"], answers)["status"] == "fulfilled"


def quote_intent(world: World, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """The id of a quote intent that is processing."""
    body = {"group_id": group_id, "plan_id": plan(world, plan_name)["id"], **fields}
    return str(ok(post(world, "/group_quote_intents", body))["id"])


def quote(world: World, group_id: str, plan_name: str = "Core", **fields: Any) -> str:
    """The id of a quote intent whose quote is available."""
    id = quote_intent(world, group_id, plan_name, **fields)
    world.advance("2s")
    fulfil(world, f"/group_quote_intents/{id}", QUOTE_ANSWERS)
    world.advance("3s")
    return id


def policy_intent(world: World, quote_id: str, **fields: Any) -> str:
    """The id of a group policy intent that is processing."""
    return str(ok(post(world, "/group_policy_intents", {"quote_intent_id": quote_id, **fields}))["id"])
