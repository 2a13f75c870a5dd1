"""What answers show of groups and their employees."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import PlanProviderResponse
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.terms import (
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


class GroupResponse(Shown):
    """Group response."""

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


class PolicyReference(Shown):
    """Policy reference."""

    id: PolicyId


class EnrolmentReference(Shown):
    """Enrolment reference."""

    id: EnrolmentId


class ScheduledGroupTransitionResponse(Shown):
    """Scheduled group transition response."""

    new_group_id: GroupId
    scheduled_date: Day


class GroupEmployeeResponse(Shown):
    """Group employee response."""

    object: str | None = None
    id: EmployeeId
    group_id: GroupId
    policies: list[PolicyReference]
    enrolments: list[EnrolmentReference]
    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None
    eligibility_status: EligibilityStatus
    enrolment_status: EnrolmentStatus
    scheduled_group_transitions: list[ScheduledGroupTransitionResponse]


class EligibilityCheckPlanResponse(Shown):
    """Eligibility check plan response."""

    id: PlanId
    name: str
    description: str


class EligibilityCheckReasonResponse(Shown):
    """Eligibility check reason response."""

    code: str
    message: str


class EligibilityCheckResponse(Shown):
    """Eligibility check response."""

    object: str | None = None
    eligibility_status: EligibilityStatus
    reasons: list[EligibilityCheckReasonResponse]
    provider: PlanProviderResponse
    plan: EligibilityCheckPlanResponse


GroupResponsePagedList = paged(GroupResponse)
GroupEmployeeResponsePagedList = paged(GroupEmployeeResponse)
