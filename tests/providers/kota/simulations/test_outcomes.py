"""Outcomes chosen ahead by metadata: what the document names exists, and comes about."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockserver.providers.kota.dependents.check import STATES
from mockserver.providers.kota.simulations.steps import LIFECYCLES
from tests.support.kota_cover import insured_pair
from tests.support.kota_groups import policy_intent, quote, quote_intent, staffed
from tests.support.kota_world import employee, employer, made, new_world, read, step
from tests.support.paths import ROOT
from tests.support.worlds import World

_ROW = re.compile(r"^\| `testmode\.(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = _ROW.findall((ROOT / "docs" / "kota.md").read_text(encoding="utf-8"))
NAMED = [(kind, value) for kind, _, values in ROWS for value in re.findall(r"`(\w+)`", values)]
REACHED = {each.kind: {taken.target for taken in each.steps} for each in LIFECYCLES} | {"dependent": set(STATES)}


@pytest.fixture
def world() -> World:
    return new_world()


def chosen(kind: str, state: str) -> dict[str, Any]:
    return {"metadata": {f"testmode.{kind}": state}}


def test_the_document_names_states_that_can_be_come_to() -> None:
    assert {kind for kind, _, _ in ROWS} <= set(REACHED)
    assert [(kind, value) for kind, value in NAMED if value not in REACHED[kind]] == []
    assert len(NAMED) > 25


def test_the_check_of_an_employer_or_employee_fails_when_it_is_to(world: World) -> None:
    owner = employer(world, **chosen("employer", "restricted"))
    someone = employee(world, employer(world), **chosen("employee", "restricted"))
    everybody_of = employer(world, **chosen("employee", "restricted"))
    another, fine = employee(world, everybody_of), employee(world, employer(world))
    world.advance("5s")
    assert read(world, f"/employers/{owner}")["status"] == "restricted"
    states = [read(world, f"/employees/{each}")["status"] for each in (someone, another, fine)]
    assert states == ["restricted", "restricted", "active"]


def test_an_employee_counts_before_its_employer(world: World) -> None:
    owner = employer(world, **chosen("employee", "restricted"))
    id = employee(world, owner, **chosen("employee", "active"))
    world.advance("5s")
    assert read(world, f"/employees/{id}")["status"] == "active"


OF_QUOTES = [value for kind, value in NAMED if kind == "group_quote_intent"]
OF_POLICIES = [value for kind, value in NAMED if kind == "group_policy_intent"]
OF_ENROLMENTS = [value for kind, value in NAMED if kind == "enrolment_intent"]


@pytest.mark.parametrize("state", OF_QUOTES)
def test_a_quote_comes_out_as_chosen(world: World, state: str) -> None:
    id = quote_intent(world, staffed(world, **chosen("group_quote_intent", state)))
    world.advance("1h")
    assert read(world, f"/group_quote_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", OF_POLICIES)
def test_a_group_policy_intent_comes_out_as_chosen(world: World, state: str) -> None:
    id = policy_intent(world, quote(world, staffed(world, **chosen("group_policy_intent", state))))
    world.advance("1h")
    assert read(world, f"/group_policy_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", OF_ENROLMENTS)
def test_an_enrolment_comes_out_as_chosen(world: World, state: str) -> None:
    pair = insured_pair(world, **chosen("enrolment_intent", state))
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": state == "enrolling"}
    id = made(world, "/enrolment_intents", body)["id"]
    world.advance("2s")
    assert read(world, f"/enrolment_intents/{id}")["status"] == state


def test_a_state_that_cannot_be_come_to_changes_nothing(world: World) -> None:
    id = employee(world, employer(world), **chosen("employee", "nonsense"))
    world.advance("5s")
    assert read(world, f"/employees/{id}")["status"] == "active"


def test_a_simulation_may_still_decide_otherwise(world: World) -> None:
    id = employee(world, employer(world), **chosen("employee", "restricted"))
    world.advance("5s")
    step(world, id, "pass_check")
    assert read(world, f"/employees/{id}")["status"] == "active"
