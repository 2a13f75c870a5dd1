"""What answers show of enrolment intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse, PlanCoverageResponse
from mockserver.providers.kota.catalog.cover_answers import (
    HealthInsurancePolicyConfigurationResponse,
    PlanCoverageOptionSelectionResponse,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.requirements.answers import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Day
from mockserver.providers.kota.values.terms import (
    AssociatedPersonType,
    DependentsIntentId,
    DependentStatus,
    EmployeeId,
    EnrolmentId,
    EnrolmentIntentConfirmationType,
    EnrolmentIntentIneligibilityReasonCode,
    EnrolmentIntentStatus,
    GroupId,
    PolicyId,
    PolicyType,
)


class EnrolmentIntentRequirementResponse(IntentRequirement):
    """Enrolment intent requirement response."""


class EnrolmentIntentActionRequiredResponse(IntentActionRequired):
    """Enrolment intent action required response."""


class EnrolmentIntentDependentResponse(Shown):
    """Enrolment intent dependent response."""

    intent_id: DependentsIntentId
    status: DependentStatus


class EnrolmentIntentAssociatedPersonResponse(Shown):
    """Enrolment intent associated person response."""

    optional: bool
    type: AssociatedPersonType
    dependent: EnrolmentIntentDependentResponse | None


class EnrolmentIntentInelgibilityReason(Shown):
    """Enrolment intent inelgibility reason."""

    code: EnrolmentIntentIneligibilityReasonCode
    reason: str


class EnrolmentIntentPendingConfirmationResponse(Shown):
    """Enrolment intent pending confirmation response."""

    due_by: At
    code: EnrolmentIntentConfirmationType
    reason: str
    reason_description: str
    associated_persons: EnrolmentIntentAssociatedPersonResponse | None = None


class HealthInsuranceEnrolmentIntentResponse(Shown):
    """Health insurance enrolment intent response."""

    configuration: HealthInsurancePolicyConfigurationResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None


class EnrolmentIntentPolicyEnrolmentResponse(Shown):
    """Enrolment intent policy enrolment response."""

    type: PolicyType
    estimated_effective_from: Day
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceEnrolmentIntentResponse | None = None
    id: PolicyId | None = None


class PolicyConfigurationResponse(Shown):
    """Policy configuration response."""

    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None


class EnrolmentIntentResponse(Shown):
    """Enrolment intent response."""

    id: EnrolmentId
    employee_id: EmployeeId
    group_id: GroupId
    status: EnrolmentIntentStatus
    force_confirmation: bool
    policy_enrolments: list[EnrolmentIntentPolicyEnrolmentResponse]
    object: str | None = None
    ineligibility_reason: EnrolmentIntentInelgibilityReason | None = None
    policy_configuration: PolicyConfigurationResponse | None = None
    action_required: EnrolmentIntentActionRequiredResponse | None = None
    pending_confirmation: EnrolmentIntentPendingConfirmationResponse | None = None
    disclosures: list[DisclosureResponse]


EnrolmentIntentRequirementResponsePagedList = paged(EnrolmentIntentRequirementResponse)
EnrolmentIntentResponsePagedList = paged(EnrolmentIntentResponse)
