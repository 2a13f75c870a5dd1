"""Every step of what Kota's cover is made of, from every state it may be taken in, and the event that tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.amendments import logic as amendments
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.imports import logic as imports
from mockserver.providers.kota.policies import logic as policies
from tests.support.kota_cover import enrolled, get, insured_pair, ok, post, told
from tests.support.kota_world import step
from tests.support.worlds import make_world

if TYPE_CHECKING:
    from mockserver.engine import Lifecycle
    from tests.support.worlds import World

LIFECYCLES = (enrolments.LIFECYCLE, dependents.LIFECYCLE, policies.LIFECYCLE, amendments.LIFECYCLE, imports.LIFECYCLE)
STEPS = [(each, step, source) for each in LIFECYCLES for step in each.steps for source in step.sources]
SILENT = ("dependents_management_intent.processing", "dependents_management_intent.action_required")
"""There is no event of the first; the second is told when a list is new or somebody has to be removed."""


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def enrolment(world: World) -> str:
    someone, everybody = insured_pair(world)
    body = {"employee_id": someone, "group_id": everybody, "force_confirmation": True}
    return str(ok(post(world, "/enrolment_intents", body))["id"])


def listing(world: World) -> str:
    id = enrolment(world)
    world.advance("2s")
    return str(ok(post(world, f"/enrolment_intents/{id}/create_dependents_management_intent"))["id"])


def policy(world: World) -> str:
    return str(enrolled(world, insured_pair(world))["id"])


def amendment(world: World) -> str:
    asked = {
        "amendment_reason": {"type": "initial_adjustment_period"},
        "requested_changes": [{"change_type": "dependents"}],
    }
    return str(ok(post(world, f"/policies/{policy(world)}/policy_amendment_intents", asked))["id"])


def taking_over(world: World) -> str:
    someone, everybody = insured_pair(world)
    body = {
        "employee_id": someone,
        "group_id": everybody,
        "provider_policy_number": "1",
        "member_number": "1",
        "policy_start_date": "2026-01-01",
    }
    return str(ok(post(world, "/policy_import_intents", body))["id"])


MADE: dict[str, Any] = {
    "enrolment_intent": enrolment,
    "dependents_management_intent": listing,
    "policy": policy,
    "policy_amendment_intent": amendment,
    "policy_import_intent": taking_over,
}


def bring(world: World, lifecycle: Lifecycle, id: str, state: str) -> None:
    """Have an object be in a state, however it may have come there."""
    with world.sandbox.transaction() as space:
        record = space.get(lifecycle.collection, id)
        assert record is not None
        space.put(lifecycle.collection, {**record, "status": state})


@pytest.mark.parametrize(
    ("lifecycle", "taken", "source"), STEPS, ids=[f"{each.kind}-{way.name}-{source}" for each, way, source in STEPS]
)
def test_a_step_leads_where_it_says_and_is_told(world: World, lifecycle: Any, taken: Any, source: str) -> None:
    id = MADE[lifecycle.kind](world)
    bring(world, lifecycle, id, source)
    before = len(told(world, id))
    step(world, id, taken.name)
    with world.sandbox.transaction() as space:
        record = space.get(lifecycle.collection, id)
    assert record is not None
    assert record["status"] == taken.target
    event = f"{lifecycle.kind}.{taken.target}"
    assert event in SILENT or event in told(world, id)[before:]


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=[each.kind for each in LIFECYCLES])
def test_every_state_can_be_come_to(lifecycle: Any) -> None:
    states = {state for step in lifecycle.steps for state in (*step.sources, step.target)}
    ends = {step.target for step in lifecycle.steps}
    begins = {"processing", "scheduled", "action_required", "pending_confirmation", "active"}
    assert states <= ends | begins


def test_a_list_that_is_being_processed_ends_with_its_parent(world: World) -> None:
    id = listing(world)
    parent = get(world, f"/dependents_management_intents/{id}")["parent_intent_id"]
    post(world, f"/dependents_management_intents/{id}/confirm")
    post(world, f"/enrolment_intents/{parent}/reject")
    assert get(world, f"/dependents_management_intents/{id}")["status"] == "not_undertaken"
