"""Every transition of Kota's lifecycles for cover, from every source state, and its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.amendments import logic as amendments
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.imports import logic as imports
from mockserver.providers.kota.policies import logic as policies
from tests.support.harness import make_harness
from tests.support.kota_cover_helpers import create_insured_employee, enrol_employee, event_types, expect_ok, get, post
from tests.support.kota_helpers import take_step

if TYPE_CHECKING:
    from mockserver.engine import Lifecycle
    from tests.support.harness import Harness

LIFECYCLES = (enrolments.LIFECYCLE, dependents.LIFECYCLE, policies.LIFECYCLE, amendments.LIFECYCLE, imports.LIFECYCLE)
STEPS = [(each, step, source) for each in LIFECYCLES for step in each.transitions for source in step.sources]
STATES_WITHOUT_EVENT = ("dependents_management_intent.processing", "dependents_management_intent.action_required")
"""The first has no event; the second is emitted when a list is new or a dependent must be removed."""


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def create_enrolment(harness: Harness) -> str:
    employee, group = create_insured_employee(harness)
    body = {"employee_id": employee, "group_id": group, "force_confirmation": True}
    return str(expect_ok(post(harness, "/enrolment_intents", body))["id"])


def create_dependents_intent(harness: Harness) -> str:
    id = create_enrolment(harness)
    harness.advance("2s")
    return str(expect_ok(post(harness, f"/enrolment_intents/{id}/create_dependents_management_intent"))["id"])


def create_policy(harness: Harness) -> str:
    return str(enrol_employee(harness, create_insured_employee(harness))["id"])


def create_amendment(harness: Harness) -> str:
    body = {
        "amendment_reason": {"type": "initial_adjustment_period"},
        "requested_changes": [{"change_type": "dependents"}],
    }
    return str(expect_ok(post(harness, f"/policies/{create_policy(harness)}/policy_amendment_intents", body))["id"])


def create_import_intent(harness: Harness) -> str:
    employee, group = create_insured_employee(harness)
    body = {
        "employee_id": employee,
        "group_id": group,
        "provider_policy_number": "1",
        "member_number": "1",
        "policy_start_date": "2026-01-01",
    }
    return str(expect_ok(post(harness, "/policy_import_intents", body))["id"])


CREATORS: dict[str, Any] = {
    "enrolment_intent": create_enrolment,
    "dependents_management_intent": create_dependents_intent,
    "policy": create_policy,
    "policy_amendment_intent": create_amendment,
    "policy_import_intent": create_import_intent,
}


def set_state(harness: Harness, lifecycle: Lifecycle, id: str, state: str) -> None:
    """Writes a state into a record, without the transitions that lead there."""
    with harness.sandbox.transaction() as space:
        record = space.get(lifecycle.collection, id)
        assert record is not None
        space.put(lifecycle.collection, {**record, "status": state})


@pytest.mark.parametrize(
    ("lifecycle", "transition", "source"),
    STEPS,
    ids=[f"{each.kind}-{way.name}-{source}" for each, way, source in STEPS],
)
def test_a_transition_reaches_its_target_and_emits_an_event(
    harness: Harness, lifecycle: Any, transition: Any, source: str
) -> None:
    id = CREATORS[lifecycle.kind](harness)
    set_state(harness, lifecycle, id, source)
    before = len(event_types(harness, id))
    take_step(harness, id, transition.name)
    with harness.sandbox.transaction() as space:
        record = space.get(lifecycle.collection, id)
    assert record is not None
    assert record["status"] == transition.target
    event = f"{lifecycle.kind}.{transition.target}"
    assert event in STATES_WITHOUT_EVENT or event in event_types(harness, id)[before:]


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=[each.kind for each in LIFECYCLES])
def test_every_state_is_reachable(lifecycle: Any) -> None:
    states = {state for step in lifecycle.transitions for state in (*step.sources, step.target)}
    ends = {step.target for step in lifecycle.transitions}
    begins = {"processing", "scheduled", "action_required", "pending_confirmation", "active"}
    assert states <= ends | begins


def test_a_dependents_intent_in_processing_ends_with_its_parent(harness: Harness) -> None:
    id = create_dependents_intent(harness)
    parent = get(harness, f"/dependents_management_intents/{id}")["parent_intent_id"]
    post(harness, f"/dependents_management_intents/{id}/confirm")
    post(harness, f"/enrolment_intents/{parent}/reject")
    assert get(harness, f"/dependents_management_intents/{id}")["status"] == "not_undertaken"
