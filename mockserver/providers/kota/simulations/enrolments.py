"""Simulations that end the check of a dependent, and that cancel an employee's policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Refusal, Simulation, SimulationContext
from mockserver.providers.kota.dependents import logic as dependents
from mockserver.providers.kota.dependents.check import KIND, change_status
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.records import find_record


class CheckDependentParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The id of the dependents management intent: dmi_...")
    associated_person_id: str = Field(description="The id of the dependent: ap_...")
    status: Literal["pending_confirmation", "action_required", "ineligible", "restricted"]


def check_dependent(context: SimulationContext, parameters: CheckDependentParameters) -> Mapping[str, Any]:
    record = find_record(context, KIND, parameters.id)
    if record is None or record["status"] != "action_required":
        raise Refusal(f"there is no dependents management intent {parameters.id!r} in the state action_required")
    if parameters.associated_person_id not in [each["associated_person_id"] for each in record["dependents"]]:
        raise Refusal(f"the list of {parameters.id!r} has no dependent {parameters.associated_person_id!r}")
    checked = [
        change_status(context, record, each, parameters.status)
        if each["associated_person_id"] == parameters.associated_person_id
        else each
        for each in record["dependents"]
    ]
    dependents.LIFECYCLE.apply(context, {**record, "dependents": checked}, "check")
    return {"id": parameters.id, "associated_person_id": parameters.associated_person_id, "status": parameters.status}


class CancelPolicyParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The id of the policy: p_...")
    day: DateText = Field(description="The cancellation date; the policy ends immediately if it is not in the future.")


def cancel_policy(context: SimulationContext, parameters: CancelPolicyParameters) -> Mapping[str, Any]:
    record = find_record(context, "policy", parameters.id)
    if record is None or record["status"] not in policies.IN_FORCE:
        raise Refusal(f"there is no policy {parameters.id!r} that is scheduled or active")
    record = policies.cancel(context, record, parameters.day)
    return {"id": parameters.id, "status": record["status"], "cancellation_date": record["cancellation_date"]}


SIMULATIONS = (
    Simulation(
        "check_dependent", "The check of a dependent ends with a result.", CheckDependentParameters, check_dependent
    ),
    Simulation("cancel_policy", "An insurer cancels an employee's policy.", CancelPolicyParameters, cancel_policy),
)
