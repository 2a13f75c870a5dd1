"""What happens off stage: checks end, insurers answer, requirements are asked for, time is up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Lifecycle, Moment, Refusal, Simulation, falling_due, nearest
from mockserver.providers.kota import (
    amendments,
    approvals,
    contributions,
    dependents,
    employees,
    employers,
    enrolments,
    group_policies,
    groups,
    imports,
    policies,
    policy_intents,
    quotes,
    renewals,
    requirements,
    simulations_enrolment,
    simulations_groups,
    simulations_people,
)
from mockserver.providers.kota.kinds import KINDS

LIFECYCLES: tuple[Lifecycle, ...] = (
    employers.LIFECYCLE,
    employees.LIFECYCLE,
    contributions.LIFECYCLE,
    approvals.LIFECYCLE,
    groups.LIFECYCLE,
    quotes.LIFECYCLE,
    policy_intents.LIFECYCLE,
    group_policies.LIFECYCLE,
    renewals.LIFECYCLE,
    requirements.LIFECYCLE,
    enrolments.LIFECYCLE,
    dependents.LIFECYCLE,
    policies.LIFECYCLE,
    amendments.LIFECYCLE,
    imports.LIFECYCLE,
)
BY_PREFIX = {KINDS[lifecycle.kind].prefix: lifecycle for lifecycle in LIFECYCLES}


class TakenStep(BaseModel):
    """Which object takes which step."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The object's id: er_..., gqi_..., ei_...")
    step: str = Field(description="The step's name; a wrong one is answered with those there are.")


def take_step(moment: Moment, asked: TakenStep) -> Mapping[str, Any]:
    """Have any object take a step of its life that its state allows."""
    lifecycle = BY_PREFIX.get(asked.id.partition("_")[0])
    record = moment.space.get(lifecycle.collection, asked.id) if lifecycle else None
    if lifecycle is None or record is None:
        raise Refusal(f"there is no object {asked.id!r} with states of its own")
    possible = [step.name for step in lifecycle.steps if record[lifecycle.states] in step.sources]
    if asked.step not in possible:
        here = f"the {lifecycle.kind} is {record[lifecycle.states]} and can {', '.join(possible) or 'take no step'}"
        raise Refusal(f"{asked.step!r}: {here}{nearest(asked.step, possible)}")
    record = lifecycle.take(moment, record, asked.step)
    return {"id": asked.id, lifecycle.states: record[lifecycle.states]}


SIMULATIONS = (
    Simulation("take_step", "An object takes a step of its life.", TakenStep, take_step),
    falling_due(LIFECYCLES),
    *simulations_groups.SIMULATIONS,
    *simulations_enrolment.SIMULATIONS,
    *simulations_people.SIMULATIONS,
)
