"""Response models of groups and their employees."""

from __future__ import annotations

from mockserver.providers.kota.catalog.responses import PlanProviderResponse
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import (
    EligibilityStatus,
    EmployeeId,
    EmployerId,
    EnrolmentId,
    EnrolmentStatus,
    GroupEnrolmentType,
    GroupId,
    GroupPolicyId,
    GroupStatus,
    GroupType,
    PlanId,
    PolicyId,
    PolicyIntentId,
    QuoteIntentId,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class GroupResponse(ResponseModel):
    """A group of employees of one employer."""

    id: GroupId
    name: str
    description: str | None = None
    status: GroupStatus
    group_type: GroupType
    enrolment_type: GroupEnrolmentType
    employer_id: EmployerId
    object: str | None = None
    group_policy_ids: list[GroupPolicyId]
    group_quote_intent_ids: list[QuoteIntentId]
    group_policy_intent_ids: list[PolicyIntentId]


class PolicyReference(ResponseModel):
    """The id of a policy."""

    id: PolicyId


class EnrolmentReference(ResponseModel):
    """The id of an enrolment intent."""

    id: EnrolmentId


class ScheduledGroupTransitionResponse(ResponseModel):
    """A planned move to another group, and its day."""

    new_group_id: GroupId
    scheduled_date: DateText


class GroupEmployeeResponse(ResponseModel):
    """The membership of an employee in a group; the id is the employee's."""

    object: str | None = None
    id: EmployeeId
    group_id: GroupId
    policies: list[PolicyReference]
    enrolments: list[EnrolmentReference]
    desired_policy_start_date: DateText | None = None
    enrolment_date: DateText | None = None
    eligibility_status: EligibilityStatus
    enrolment_status: EnrolmentStatus
    scheduled_group_transitions: list[ScheduledGroupTransitionResponse]


class EligibilityCheckPlanResponse(ResponseModel):
    """The plan that an employee was checked against."""

    id: PlanId
    name: str
    description: str


class EligibilityCheckReasonResponse(ResponseModel):
    """A reason why an employee is not eligible."""

    code: str
    message: str


class EligibilityCheckResponse(ResponseModel):
    """Whether the plan of a group covers an employee, and if not, why."""

    object: str | None = None
    eligibility_status: EligibilityStatus
    reasons: list[EligibilityCheckReasonResponse]
    provider: PlanProviderResponse
    plan: EligibilityCheckPlanResponse


GroupResponsePagedList = paged_list_model(GroupResponse)
GroupEmployeeResponsePagedList = paged_list_model(GroupEmployeeResponse)
