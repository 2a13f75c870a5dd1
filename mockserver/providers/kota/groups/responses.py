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
    """An item of the member `policies` of GroupEmployeeResponse: the id of a policy."""

    id: PolicyId


class EnrolmentReference(ResponseModel):
    """An item of the member `enrolments` of GroupEmployeeResponse: the id of an enrolment intent."""

    id: EnrolmentId


class ScheduledGroupTransitionResponse(ResponseModel):
    """An item of the member `scheduled_group_transitions` of GroupEmployeeResponse: a move to another group."""

    new_group_id: GroupId
    scheduled_date: DateText


class GroupEmployeeResponse(ResponseModel):
    """An employee in a group; the member `id` is the id of the employee."""

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
    """The member `plan` of EligibilityCheckResponse: the plan that may cover the employee."""

    id: PlanId
    name: str
    description: str


class EligibilityCheckReasonResponse(ResponseModel):
    """An item of the member `reasons` of EligibilityCheckResponse: why the employee is not eligible."""

    code: str
    message: str


class EligibilityCheckResponse(ResponseModel):
    """The result of an eligibility check: whether the group's plan covers an employee, and why not."""

    object: str | None = None
    eligibility_status: EligibilityStatus
    reasons: list[EligibilityCheckReasonResponse]
    provider: PlanProviderResponse
    plan: EligibilityCheckPlanResponse


GroupResponsePagedList = paged_list_model(GroupResponse)
GroupEmployeeResponsePagedList = paged_list_model(GroupEmployeeResponse)
