"""What happens to enrolments off stage: the check of a dependent ends, an insurer ends a policy."""

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
    """Which dependent of which list is found to be what."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The dependents management intent's id: dmi_...")
    associated_person_id: str = Field(description="The dependent's id: ap_...")
    status: Literal["pending_confirmation", "action_required", "ineligible", "restricted"]


def check_dependent(moment: SimulationContext, asked: CheckDependentParameters) -> Mapping[str, Any]:
    """Have the check of a dependent end in a state."""
    record = find_record(moment, KIND, asked.id)
    if record is None or record["status"] != "action_required":
        raise Refusal(f"there is no dependents management intent {asked.id!r} that is action_required")
    if asked.associated_person_id not in [each["associated_person_id"] for each in record["dependents"]]:
        raise Refusal(f"{asked.associated_person_id!r} is not on the list")
    found = [
        change_status(moment, record, each, asked.status)
        if each["associated_person_id"] == asked.associated_person_id
        else each
        for each in record["dependents"]
    ]
    dependents.LIFECYCLE.apply(moment, {**record, "dependents": found}, "check")
    return {"id": asked.id, "associated_person_id": asked.associated_person_id, "status": asked.status}


class CancelPolicyParameters(BaseModel):
    """Which policy ends, and when."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str = Field(description="The policy's id: p_...")
    day: DateText = Field(description="The day it is cancelled on; it ends at once when that is not ahead.")


def cancel_policy(moment: SimulationContext, asked: CancelPolicyParameters) -> Mapping[str, Any]:
    """Have an insurer cancel a policy."""
    record = find_record(moment, "policy", asked.id)
    if record is None or record["status"] not in policies.IN_FORCE:
        raise Refusal(f"there is no policy {asked.id!r} that is scheduled or active")
    record = policies.cancel(moment, record, asked.day)
    return {"id": asked.id, "status": record["status"], "cancellation_date": record["cancellation_date"]}


SIMULATIONS = (
    Simulation(
        "check_dependent", "The check of a dependent ends in a state.", CheckDependentParameters, check_dependent
    ),
    Simulation("cancel_policy", "An insurer cancels an employee's policy.", CancelPolicyParameters, cancel_policy),
)
