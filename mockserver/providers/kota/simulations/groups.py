"""Simulations of the actions of Kota and the insurers on groups, their intents, group policies and renewals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Lifecycle, Record, Refusal, Simulation, SimulationContext, WriteContext
from mockserver.providers.kota.catalog.eligibility import IN_FORCE
from mockserver.providers.kota.catalog.schemas import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.group_policies import logic as group_policies
from mockserver.providers.kota.group_policies import renewals
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.policy_intents import logic as policy_intents
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.requirements.forms import FORMS
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import RequirementObjectType
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import today


class SimulationParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class GroupParameters(SimulationParameters):
    group_id: str


class EnrolmentTypeParameters(GroupParameters):
    enrolment_type: Literal["manual", "automatic"]


class GroupEmployeeParameters(GroupParameters):
    employee_id: str


class MoveParameters(GroupEmployeeParameters):
    new_group_id: str
    on: DateText | None = Field(default=None, description="The day of the move; without a day, the employee moves now.")


class FinishMoveParameters(SimulationParameters):
    member_id: str
    new_group_id: str
    scheduled_date: str


class IntentParameters(SimulationParameters):
    id: str = Field(description="The id of the intent: gqi_... or gpi_...")


class AskRequirementParameters(SimulationParameters):
    id: str = Field(description="The id of the intent: gqi_..., gpi_... or ei_...")
    object_type: RequirementObjectType
    object_id: str


class MakeGroupPolicyParameters(GroupParameters):
    plan_id: str
    start_date: DateText | None = None
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None


class EndGroupPolicyParameters(SimulationParameters):
    group_policy_id: str
    on: DateText | None = Field(
        default=None, description="The day on which the policy ends; without a day, it ends today."
    )


class DecideRenewalParameters(SimulationParameters):
    group_policy_id: str
    decision: Literal["open", "renew", "decline"]


_INTENTS: Mapping[str, Lifecycle] = {
    "gqi": quotes.LIFECYCLE,
    "gpi": policy_intents.LIFECYCLE,
    "ei": enrolments.LIFECYCLE,
}
"""The lifecycles of the intents that can have requirements, by id prefix."""


def _get_object(at: WriteContext, kind: str, id: str) -> Record:
    record = at.space.get(KINDS[kind].collection, id)
    if record is None:
        raise Refusal(f"there is no {KINDS[kind].display_name} {id!r}")
    return record


def _find_intent(at: WriteContext, id: str) -> tuple[Lifecycle, Record]:
    lifecycle = _INTENTS.get(id.partition("_")[0])
    if lifecycle is None:
        raise Refusal(f"{id!r} is not the id of an intent with requirements; such ids begin with gqi_, gpi_ or ei_")
    return lifecycle, _get_object(at, lifecycle.kind, id)


def _take_step(at: WriteContext, lifecycle: Lifecycle, record: Record, step: str) -> Mapping[str, Any]:
    if lifecycle.find_transition(record, step) is None:
        raise Refusal(
            f"the {lifecycle.kind.replace('_', ' ')} is {record['status']}, which does not allow the step {step!r}"
        )
    return {"id": record["id"], "status": lifecycle.apply(at, record, step)["status"]}


def _get_membership(at: WriteContext, parameters: GroupEmployeeParameters) -> Record:
    membership = memberships.find_membership(at, parameters.group_id, parameters.employee_id)
    if membership is None:
        raise Refusal(f"the group {parameters.group_id!r} has no employee {parameters.employee_id!r}")
    return membership


def archive_group(context: SimulationContext, parameters: GroupParameters) -> Mapping[str, Any]:
    return _take_step(context, groups.LIFECYCLE, _get_object(context, "group", parameters.group_id), "archive")


def set_enrolment_type(context: SimulationContext, parameters: EnrolmentTypeParameters) -> Mapping[str, Any]:
    group = groups.set_enrolment_type(
        context, _get_object(context, "group", parameters.group_id), parameters.enrolment_type
    )
    return {"id": group["id"], "enrolment_type": group["enrolment_type"]}


def move_group_employee(context: SimulationContext, parameters: MoveParameters) -> Mapping[str, Any]:
    """Moves an employee to another group of the same employer, now or on a later day."""
    membership, target = _get_membership(context, parameters), _get_object(context, "group", parameters.new_group_id)
    if target["employer_id"] != _get_object(context, "group", parameters.group_id)["employer_id"]:
        raise Refusal(f"the group {target['id']!r} belongs to another employer")
    if memberships.find_membership(context, target["id"], parameters.employee_id) is not None:
        raise Refusal(f"the employee {parameters.employee_id!r} is already in the group {target['id']!r}")
    if parameters.on is not None and parameters.on > today(context):
        memberships.plan_move(context, membership, target["id"], parameters.on)
        return {"employee_id": parameters.employee_id, "group_id": parameters.group_id, "scheduled_date": parameters.on}
    memberships.move(context, membership, target["id"])
    return {"employee_id": parameters.employee_id, "group_id": target["id"]}


def finish_group_move(context: SimulationContext, parameters: FinishMoveParameters) -> Mapping[str, Any]:
    """Moves an employee as scheduled, unless the employee has left the group or has moved already."""
    membership = context.space.get("group_employees", parameters.member_id)
    transition = {"new_group_id": parameters.new_group_id, "scheduled_date": parameters.scheduled_date}
    if membership is None or transition not in membership["scheduled_group_transitions"]:
        return {"member_id": parameters.member_id, "moved": False}
    memberships.move(context, membership, parameters.new_group_id)
    return {"member_id": parameters.member_id, "moved": True}


def remove_group_employee(context: SimulationContext, parameters: GroupEmployeeParameters) -> Mapping[str, Any]:
    memberships.remove(context, _get_membership(context, parameters))
    return {"employee_id": parameters.employee_id, "group_id": None}


def refuse_intent(context: SimulationContext, parameters: IntentParameters) -> Mapping[str, Any]:
    return _take_step(context, *_find_intent(context, parameters.id), "refuse")


def ask_requirement(context: SimulationContext, parameters: AskRequirementParameters) -> Mapping[str, Any]:
    """Adds a requirement to an intent.

    An intent that is processing asks the client for it now; any other intent asks when it is processing again.
    """
    lifecycle, intent = _find_intent(context, parameters.id)
    if (lifecycle.kind, parameters.object_type) not in FORMS:
        raise Refusal(f"a {lifecycle.kind.replace('_', ' ')} has no form about an {parameters.object_type}")
    _get_object(context, parameters.object_type, parameters.object_id)
    record = requirements.add_requirement(context, lifecycle.kind, intent, parameters.object_type, parameters.object_id)
    if lifecycle.find_transition(intent, "ask"):
        lifecycle.apply(context, intent, "ask")
    return {"id": record["id"]}


def make_group_policy(context: SimulationContext, parameters: MakeGroupPolicyParameters) -> Mapping[str, Any]:
    group, plan = _get_object(context, "group", parameters.group_id), _get_object(context, "plan", parameters.plan_id)
    sharing = (
        parameters.cost_sharing.model_dump(mode="json") if parameters.cost_sharing else quotes.default_sharing(context)
    )
    start = parameters.start_date or group_policies.default_start_date(context)
    record = group_policies.create_group_policy(context, group, plan, start, sharing)
    return {"id": record["id"], "status": record["status"]}


def end_group_policy(context: SimulationContext, parameters: EndGroupPolicyParameters) -> Mapping[str, Any]:
    """Cancels a group policy and the policies that belong to it."""
    record = _get_object(context, "group_policy", parameters.group_policy_id)
    if record["status"] not in IN_FORCE:
        raise Refusal(f"the group policy is {record['status']}, not scheduled or active")
    record = group_policies.cancel(context, record, parameters.on or today(context))
    return {name: record[name] for name in ("id", "status", "cancellation_date")}


def decide_renewal(context: SimulationContext, parameters: DecideRenewalParameters) -> Mapping[str, Any]:
    policy = _get_object(context, "group_policy", parameters.group_policy_id)
    return _take_step(
        context,
        renewals.LIFECYCLE,
        _get_object(context, "renewal", renewals.renewal_id(policy["id"])),
        parameters.decision,
    )


SIMULATIONS = (
    Simulation("archive_group", "Kota archives a group.", GroupParameters, archive_group),
    Simulation(
        "set_enrolment_type",
        "Kota sets whether new employees are added to a group automatically.",
        EnrolmentTypeParameters,
        set_enrolment_type,
    ),
    Simulation("move_group_employee", "Kota moves an employee to another group.", MoveParameters, move_group_employee),
    Simulation(
        memberships.FINISH_MOVE,
        "A scheduled move to another group is executed.",
        FinishMoveParameters,
        finish_group_move,
        is_public=False,
    ),
    Simulation(
        "remove_group_employee",
        "Kota removes an employee from a group.",
        GroupEmployeeParameters,
        remove_group_employee,
    ),
    Simulation("refuse_intent", "The insurer refuses a quote or a policy.", IntentParameters, refuse_intent),
    Simulation("ask_requirement", "An intent gets another requirement.", AskRequirementParameters, ask_requirement),
    Simulation(
        "make_group_policy", "A group gets a policy without a quote.", MakeGroupPolicyParameters, make_group_policy
    ),
    Simulation("end_group_policy", "A group policy is cancelled.", EndGroupPolicyParameters, end_group_policy),
    Simulation(
        "decide_renewal",
        "The renewal of a group policy opens, is renewed or is declined.",
        DecideRenewalParameters,
        decide_renewal,
    ),
)
