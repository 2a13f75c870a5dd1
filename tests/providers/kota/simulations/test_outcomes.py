"""Outcomes that metadata selects: the states that docs/kota.md names exist and are reached."""

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
REACHABLE_STATES = {each.kind: {transition.target for transition in each.transitions} for each in LIFECYCLES} | {
    "dependent": set(STATES)
}


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def outcome_metadata(kind: str, state: str) -> dict[str, Any]:
    return {"metadata": {f"testmode.{kind}": state}}


def test_the_document_names_reachable_states() -> None:
    assert {kind for kind, _, _ in ROWS} <= set(REACHABLE_STATES)
    assert [(kind, value) for kind, value in NAMED_OUTCOMES if value not in REACHABLE_STATES[kind]] == []
    assert len(NAMED_OUTCOMES) > 25


def test_metadata_makes_the_check_of_an_employer_or_employee_fail(harness: Harness) -> None:
    employer = create_employer(harness, **outcome_metadata("employer", "restricted"))
    restricted = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "restricted"))
    other_employer = create_employer(harness, **outcome_metadata("employee", "restricted"))
    restricted_by_employer, unaffected = (
        create_employee(harness, other_employer),
        create_employee(harness, create_employer(harness)),
    )
    harness.advance("5s")
    assert fetch(harness, f"/employers/{employer}")["status"] == "restricted"
    states = [
        fetch(harness, f"/employees/{each}")["status"] for each in (restricted, restricted_by_employer, unaffected)
    ]
    assert states == ["restricted", "restricted", "active"]


def test_the_metadata_of_an_employee_takes_precedence_over_its_employers(harness: Harness) -> None:
    employer = create_employer(harness, **outcome_metadata("employee", "restricted"))
    id = create_employee(harness, employer, **outcome_metadata("employee", "active"))
    harness.advance("5s")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"


QUOTE_STATES = [value for kind, value in NAMED_OUTCOMES if kind == "group_quote_intent"]
POLICY_STATES = [value for kind, value in NAMED_OUTCOMES if kind == "group_policy_intent"]
ENROLMENT_STATES = [value for kind, value in NAMED_OUTCOMES if kind == "enrolment_intent"]


@pytest.mark.parametrize("state", QUOTE_STATES)
def test_metadata_selects_the_outcome_of_a_quote(harness: Harness, state: str) -> None:
    id = create_quote_intent(harness, create_staffed_group(harness, **outcome_metadata("group_quote_intent", state)))
    harness.advance("1h")
    assert fetch(harness, f"/group_quote_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", POLICY_STATES)
def test_metadata_selects_the_outcome_of_a_group_policy_intent(harness: Harness, state: str) -> None:
    id = create_policy_intent(
        harness,
        create_available_quote(
            harness, create_staffed_group(harness, **outcome_metadata("group_policy_intent", state))
        ),
    )
    harness.advance("1h")
    assert fetch(harness, f"/group_policy_intents/{id}")["status"] == state


@pytest.mark.parametrize("state", ENROLMENT_STATES)
def test_metadata_selects_the_outcome_of_an_enrolment(harness: Harness, state: str) -> None:
    pair = create_insured_employee(harness, **outcome_metadata("enrolment_intent", state))
    body = {"employee_id": pair[0], "group_id": pair[1], "force_confirmation": state == "enrolling"}
    id = create(harness, "/enrolment_intents", body)["id"]
    harness.advance("2s")
    assert fetch(harness, f"/enrolment_intents/{id}")["status"] == state


def test_an_unknown_state_in_metadata_is_ignored(harness: Harness) -> None:
    id = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "nonsense"))
    harness.advance("5s")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"


def test_a_simulation_may_override_the_outcome(harness: Harness) -> None:
    id = create_employee(harness, create_employer(harness), **outcome_metadata("employee", "restricted"))
    harness.advance("5s")
    take_step(harness, id, "pass_check")
    assert fetch(harness, f"/employees/{id}")["status"] == "active"
