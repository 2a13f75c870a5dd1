"""Outcomes chosen ahead by metadata: what the document names exists, and comes about."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockserver.providers.kota.dependents.check import STATES
from mockserver.providers.kota.simulations.steps import LIFECYCLES
from tests.support.harness import Harness
from tests.support.kota_cover_helpers import create_insured_employee
from tests.support.kota_group_helpers import (
    create_available_quote,
    create_policy_intent,
    create_quote_intent,
    create_staffed_group,
)
from tests.support.kota_helpers import create, create_employee, create_employer, fetch, make_empty_harness, take_step
from tests.support.paths import ROOT

_ROW = re.compile(r"^\| `testmode\.(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = _ROW.findall((ROOT / "docs" / "kota.md").read_text(encoding="utf-8"))
NAMED_OUTCOMES = [(kind, value) for kind, _, values in ROWS for value in re.findall(r"`(\w+)`", values)]
REACHABLE_STATES = {each.kind: {taken.target for taken in each.transitions} for each in LIFECYCLES} | {
    "dependent": set(STATES)
}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def outcome_metadata(kind: str, state: str) -> dict[str, Any]:
    return {"metadata": {f"testmode.{kind}": state}}


def test_the_document_names_states_that_can_be_come_to() -> None:
    assert {kind for kind, _, _ in ROWS} <= set(REACHABLE_STATES)
    assert [(kind, value) for kind, value in NAMED_OUTCOMES if value not in REACHABLE_STATES[kind]] == []
    assert len(NAMED_OUTCOMES) > 25


def test_the_check_of_an_employer_or_employee_fails_when_it_is_to(harness: Harness) -> None:
    owner = create_employer(harness, **outcome_metadata("employer", "restricted"))
    someone = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "restricted"))
    everybody_of = create_employer(harness, **outcome_metadata("employee", "restricted"))
    another, fine = create_employee(harness, everybody_of), create_employee(harness, create_employer(harness))
    harness.advance("5s")
    assert fetch(harness, f"/employers/{owner}")["status"] == "restricted"
    states = [fetch(harness, f"/employees/{each}")["status"] for each in (someone, another, fine)]
    assert states == ["restricted", "restricted", "active"]


def test_an_employee_counts_before_its_employer(harness: Harness) -> None:
    owner = create_employer(harness, **outcome_metadata("employee", "restricted"))
    id = create_employee(harness, owner, **outcome_metadata("employee", "active"))
    harness.advance("5s")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"


OF_QUOTES = [value for kind, value in NAMED_OUTCOMES if kind == "group_quote_intent"]
OF_POLICIES = [value for kind, value in NAMED_OUTCOMES if kind == "group_policy_intent"]
OF_ENROLMENTS = [value for kind, value in NAMED_OUTCOMES if kind == "enrolment_intent"]


@pytest.mark.parametrize("state", OF_QUOTES)
def test_a_quote_comes_out_as_chosen(harness: Harness, state: str) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness, **outcome_metadata("group_quote_intent", state)))
    harness.advance("1h")
    assert fetch(harness, f"/group_quote_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", OF_POLICIES)
def test_a_group_policy_intent_comes_out_as_chosen(harness: Harness, state: str) -> None:
    id = create_policy_intent(
        harness,
        create_available_quote(
            harness, create_staffed_group(harness, **outcome_metadata("group_policy_intent", state))
        ),
    )
    harness.advance("1h")
    assert fetch(harness, f"/group_policy_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", OF_ENROLMENTS)
def test_an_enrolment_comes_out_as_chosen(harness: Harness, state: str) -> None:
    pair = create_insured_employee(harness, **outcome_metadata("enrolment_intent", state))
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": state == "enrolling"}
    id = create(harness, "/enrolment_intents", body)["id"]
    harness.advance("2s")
    assert fetch(harness, f"/enrolment_intents/{id}")["status"] == state


def test_a_state_that_cannot_be_come_to_changes_nothing(harness: Harness) -> None:
    id = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "nonsense"))
    harness.advance("5s")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"


def test_a_simulation_may_still_decide_otherwise(harness: Harness) -> None:
    id = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "restricted"))
    harness.advance("5s")
    take_step(harness, id, "pass_check")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"
