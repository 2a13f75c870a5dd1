"""What happens off stage to groups: Kota and the insurers close, move, ask, refuse, end and make."""

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
    """What a simulation is told."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class GroupParameters(SimulationParameters):
    """A group."""

    group_id: str


class EnrolmentTypeParameters(GroupParameters):
    """How employees come into a group."""

    enrolment_type: Literal["manual", "automatic"]


class GroupEmployeeParameters(GroupParameters):
    """An employee in a group."""

    employee_id: str


class MoveParameters(GroupEmployeeParameters):
    """A move to another group."""

    new_group_id: str
    on: DateText | None = Field(default=None, description="The day it is planned for; without one it happens now.")


class FinishMoveParameters(SimulationParameters):
    """A move that was planned."""

    member_id: str
    new_group_id: str
    scheduled_date: str


class IntentParameters(SimulationParameters):
    """A group quote intent or a group policy intent."""

    id: str = Field(description="gqi_... or gpi_...")


class AskRequirementParameters(SimulationParameters):
    """What is asked of an intent beside what it asks anyway."""

    id: str = Field(description="The intent's id: gqi_..., gpi_... or ei_...")
    object_type: RequirementObjectType
    object_id: str


class MakeGroupPolicyParameters(GroupParameters):
    """A policy that a group is given without asking for a quote."""

    plan_id: str
    start_date: DateText | None = None
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None


class EndGroupPolicyParameters(SimulationParameters):
    """The end of a group policy."""

    group_policy_id: str
    on: DateText | None = Field(default=None, description="The day it ends; without one, today.")


class DecideRenewalParameters(SimulationParameters):
    """What becomes of the renewal of a group policy."""

    group_policy_id: str
    decision: Literal["open", "renew", "decline"]


_INTENTS: Mapping[str, Lifecycle] = {
    "gqi": quotes.LIFECYCLE,
    "gpi": policy_intents.LIFECYCLE,
    "ei": enrolments.LIFECYCLE,
}
"""By prefix: the intents that require forms."""


def _get_object(at: WriteContext, kind: str, id: str) -> Record:
    record = at.space.get(KINDS[kind].collection, id)
    if record is None:
        raise Refusal(f"there is no {KINDS[kind].display_name} {id!r}")
    return record


def _intent(at: WriteContext, id: str) -> tuple[Lifecycle, Record]:
    lifecycle = _INTENTS.get(id.partition("_")[0])
    if lifecycle is None:
        raise Refusal(f"{id!r} is the id of no intent that requires forms")
    return lifecycle, _get_object(at, lifecycle.kind, id)


def _take_step(at: WriteContext, lifecycle: Lifecycle, record: Record, step: str) -> Mapping[str, Any]:
    if lifecycle.find_transition(record, step) is None:
        raise Refusal(f"the {lifecycle.kind.replace('_', ' ')} is {record['status']}")
    return {"id": record["id"], "status": lifecycle.apply(at, record, step)["status"]}


def _member(at: WriteContext, asked: GroupEmployeeParameters) -> Record:
    member = memberships.membership(at, asked.group_id, asked.employee_id)
    if member is None:
        raise Refusal(f"there is no employee {asked.employee_id!r} in a group {asked.group_id!r}")
    return member


def archive_group(moment: SimulationContext, asked: GroupParameters) -> Mapping[str, Any]:
    """Kota closes a group."""
    return _take_step(moment, groups.LIFECYCLE, _get_object(moment, "group", asked.group_id), "archive")


def set_enrolment_type(moment: SimulationContext, asked: EnrolmentTypeParameters) -> Mapping[str, Any]:
    """Kota decides how employees come into a group."""
    group = groups.set_enrolment_type(moment, _get_object(moment, "group", asked.group_id), asked.enrolment_type)
    return {"id": group["id"], "enrolment_type": group["enrolment_type"]}


def move_group_employee(moment: SimulationContext, asked: MoveParameters) -> Mapping[str, Any]:
    """Kota moves an employee to another group of the same employer, now or on a day to come."""
    member, target = _member(moment, asked), _get_object(moment, "group", asked.new_group_id)
    if target["employer_id"] != _get_object(moment, "group", asked.group_id)["employer_id"]:
        raise Refusal(f"the group {target['id']!r} is another employer's")
    if memberships.membership(moment, target["id"], asked.employee_id) is not None:
        raise Refusal(f"the employee {asked.employee_id!r} is in the group {target['id']!r} already")
    if asked.on is not None and asked.on > today(moment):
        memberships.plan_move(moment, member, target["id"], asked.on)
        return {"employee_id": asked.employee_id, "group_id": asked.group_id, "scheduled_date": asked.on}
    memberships.move(moment, member, target["id"])
    return {"employee_id": asked.employee_id, "group_id": target["id"]}


def finish_group_move(moment: SimulationContext, planned: FinishMoveParameters) -> Mapping[str, Any]:
    """The day of a planned move has come, if it still is to happen."""
    member = moment.space.get("group_employees", planned.member_id)
    transition = {"new_group_id": planned.new_group_id, "scheduled_date": planned.scheduled_date}
    if member is None or transition not in member["scheduled_group_transitions"]:
        return {"member_id": planned.member_id, "moved": False}
    memberships.move(moment, member, planned.new_group_id)
    return {"member_id": planned.member_id, "moved": True}


def remove_group_employee(moment: SimulationContext, asked: GroupEmployeeParameters) -> Mapping[str, Any]:
    """Kota takes an employee out of a group."""
    memberships.remove(moment, _member(moment, asked))
    return {"employee_id": asked.employee_id, "group_id": None}


def refuse_intent(moment: SimulationContext, asked: IntentParameters) -> Mapping[str, Any]:
    """The insurer refuses to quote, or refuses the policy."""
    return _take_step(moment, *_intent(moment, asked.id), "refuse")


def ask_requirement(moment: SimulationContext, asked: AskRequirementParameters) -> Mapping[str, Any]:
    """An intent needs to know something more; a processing one asks at once, another when it is processing again."""
    lifecycle, intent = _intent(moment, asked.id)
    if (lifecycle.kind, asked.object_type) not in FORMS:
        raise Refusal(f"a {lifecycle.kind.replace('_', ' ')} asks nothing about an {asked.object_type}")
    _get_object(moment, asked.object_type, asked.object_id)
    record = requirements.add_requirement(moment, lifecycle.kind, intent, asked.object_type, asked.object_id)
    if lifecycle.find_transition(intent, "ask"):
        lifecycle.apply(moment, intent, "ask")
    return {"id": record["id"]}


def make_group_policy(moment: SimulationContext, asked: MakeGroupPolicyParameters) -> Mapping[str, Any]:
    """A group is given a policy that was agreed elsewhere."""
    group, plan = _get_object(moment, "group", asked.group_id), _get_object(moment, "plan", asked.plan_id)
    sharing = asked.cost_sharing.model_dump(mode="json") if asked.cost_sharing else quotes.default_sharing(moment)
    start = asked.start_date or group_policies.default_start_date(moment)
    record = group_policies.create_group_policy(moment, group, plan, start, sharing)
    return {"id": record["id"], "status": record["status"]}


def end_group_policy(moment: SimulationContext, asked: EndGroupPolicyParameters) -> Mapping[str, Any]:
    """A group policy, and what is under it, is cancelled."""
    record = _get_object(moment, "group_policy", asked.group_policy_id)
    if record["status"] not in IN_FORCE:
        raise Refusal(f"the group policy is {record['status']}")
    record = group_policies.cancel(moment, record, asked.on or today(moment))
    return {name: record[name] for name in ("id", "status", "cancellation_date")}


def decide_renewal(moment: SimulationContext, asked: DecideRenewalParameters) -> Mapping[str, Any]:
    """The renewal of a group policy opens, or is decided."""
    policy = _get_object(moment, "group_policy", asked.group_policy_id)
    return _take_step(
        moment, renewals.LIFECYCLE, _get_object(moment, "renewal", renewals.renewal_id(policy["id"])), asked.decision
    )


SIMULATIONS = (
    Simulation("archive_group", "Kota closes a group.", GroupParameters, archive_group),
    Simulation(
        "set_enrolment_type",
        "Kota decides how employees come into a group.",
        EnrolmentTypeParameters,
        set_enrolment_type,
    ),
    Simulation("move_group_employee", "Kota moves an employee to another group.", MoveParameters, move_group_employee),
    Simulation(
        memberships.FINISH_MOVE, "A planned move happens.", FinishMoveParameters, finish_group_move, is_public=False
    ),
    Simulation(
        "remove_group_employee",
        "Kota takes an employee out of a group.",
        GroupEmployeeParameters,
        remove_group_employee,
    ),
    Simulation("refuse_intent", "The insurer refuses a quote or a policy.", IntentParameters, refuse_intent),
    Simulation("ask_requirement", "An intent needs to know something more.", AskRequirementParameters, ask_requirement),
    Simulation(
        "make_group_policy", "A group is given a policy agreed elsewhere.", MakeGroupPolicyParameters, make_group_policy
    ),
    Simulation("end_group_policy", "A group policy is cancelled.", EndGroupPolicyParameters, end_group_policy),
    Simulation("decide_renewal", "A renewal opens, or is decided.", DecideRenewalParameters, decide_renewal),
)
