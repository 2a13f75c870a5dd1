"""Short ways to what the tests of Kota begin with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.engine import Settings
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.catalog import records as catalog_records
from tests.support.worlds import World, make_world

S = "/sandboxes/kota"

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


def new_world(**assumptions: Any) -> World:
    """A world in which nothing has happened yet: the catalog is there, and nobody else."""
    bare = replace(PROVIDER, generate=lambda randomness, *_: {**catalog_records.records(randomness)})
    # Of another seed than the data sets that are kept as files.
    world = make_world(bare, defaults=Settings(seed="bare"))
    if assumptions:
        assume(world, **assumptions)
    return world


def assume(world: World, **settings: Any) -> None:
    """Change assumptions."""
    answer = world.admin("PATCH", S, {"assumptions": settings})
    assert answer.status_code == 200, answer.text


def freeze(world: World, at: str) -> None:
    """Have it be an instant."""
    answer = world.admin("PUT", f"{S}/clock", {"action": "freeze", "at": at})
    assert answer.status_code == 200, answer.text


def made(world: World, path: str, body: Any = None) -> Any:
    """What a POST that has to succeed answers."""
    answer = world.ask("POST", path, **({} if body is None else {"json": body}))
    assert answer.status_code == 200, answer.text
    return answer.json


def read(world: World, path: str) -> Any:
    """What a GET that has to succeed answers."""
    answer = world.ask("GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json


def refused(world: World, method: str, path: str, body: Any = None) -> Any:
    """The problem that a call which has to be refused is answered with."""
    answer = world.ask(method, path, **({} if body is None else {"json": body}))
    assert answer.status_code >= 400, answer.text
    return answer.json


def wrong(world: World, method: str, path: str, body: Any = None) -> list[str]:
    """The fields or parameters that a call is refused for."""
    problem = refused(world, method, path, body)
    assert (problem["status"], problem["error_code"]) == (400, "invalid_request")
    return list(problem["errors"])


def code(world: World, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """The status and error code that a call is refused with."""
    problem = refused(world, method, path, body)
    return problem["status"], problem["error_code"]


def employer(world: World, **changes: Any) -> str:
    """The id of a new employer."""
    return str(made(world, "/employers", {**EMPLOYER, **changes})["id"])


def employee(world: World, employer: str, **changes: Any) -> str:
    """The id of a new employee."""
    return str(made(world, "/employees", {**EMPLOYEE, "employer_id": employer, **changes})["id"])


def plan(world: World, name: str) -> str:
    """The id of the plan of that name."""
    plans = read(world, "/plans?page_size=100")["items"]
    return next(str(each["id"]) for each in plans if each["name"] == name)


def told(world: World, version: str = "v2") -> list[str]:
    """The types of the events so far, oldest first, of one version."""
    return [event["type"] for event in events(world, version)]


def events(world: World, version: str = "v2", type: str = "") -> list[Any]:
    """The events so far, oldest first, of one version and perhaps one type."""
    kept = world.admin("GET", f"{S}/events").json
    return [event for event in kept if event["version"] == version and event["type"].startswith(type)]


def step(world: World, id: str, name: str) -> Any:
    """Have an object take a step."""
    return simulate(world, "take_step", id=id, step=name)


def simulate(world: World, name: str, **parameters: Any) -> Any:
    """Have something happen off stage."""
    answer = world.admin("POST", f"{S}/simulations/{name}", parameters)
    assert answer.status_code == 200, answer.text
    return answer.json
