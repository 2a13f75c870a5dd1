"""Defines the simulation that takes any step of a lifecycle, and lists all simulations of Kota."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Lifecycle, Refusal, Simulation, SimulationContext, nearest, timer_simulation
from mockserver.providers.kota.amendments import logic as amendments
from mockserver.providers.kota.contributions import logic as contributions
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employers import logic as employers
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.group_policies import renewals
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.imports import logic as imports
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.policy_intents import logic as policy_intents
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.simulations import approvals
from mockserver.providers.kota.simulations import billing as billing_simulations
from mockserver.providers.kota.simulations import enrolments as enrolment_simulations
from mockserver.providers.kota.simulations import groups as group_simulations
from mockserver.providers.kota.values.kinds import KINDS

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
LIFECYCLES_BY_PREFIX = {KINDS[lifecycle.kind].prefix: lifecycle for lifecycle in LIFECYCLES}


class TakeStepParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The id of the object: er_..., gqi_..., ei_...")
    step: str = Field(description="The name of the step; the error for an impossible step names the possible steps.")


def take_step(context: SimulationContext, parameters: TakeStepParameters) -> Mapping[str, Any]:
    """Takes a step of an object's lifecycle; refuses a step that the object's state does not allow."""
    lifecycle = LIFECYCLES_BY_PREFIX.get(parameters.id.partition("_")[0])
    record = context.space.get(lifecycle.collection, parameters.id) if lifecycle else None
    if lifecycle is None or record is None:
        raise Refusal(f"there is no object {parameters.id!r} that has a lifecycle")
    possible = [step.name for step in lifecycle.transitions if record[lifecycle.state_field] in step.sources]
    if parameters.step not in possible:
        reason = (
            f"the {lifecycle.kind} is {record[lifecycle.state_field]}; possible steps: {', '.join(possible) or 'none'}"
        )
        raise Refusal(f"{parameters.step!r}: {reason}{nearest(parameters.step, possible)}")
    record = lifecycle.apply(context, record, parameters.step)
    return {"id": parameters.id, lifecycle.state_field: record[lifecycle.state_field]}


SIMULATIONS = (
    Simulation("take_step", "An object takes a step of its lifecycle.", TakeStepParameters, take_step),
    timer_simulation(LIFECYCLES),
    *group_simulations.SIMULATIONS,
    *enrolment_simulations.SIMULATIONS,
    *billing_simulations.SIMULATIONS,
)
