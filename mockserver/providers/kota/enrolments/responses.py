"""What answers show of enrolment intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import (
    HealthInsurancePolicyConfigurationResponse,
    PlanCoverageOptionSelectionResponse,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.catalog.responses import DisclosureResponse, PlanCoverageResponse
from mockserver.providers.kota.requirements.responses import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.fields import DateText, DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
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
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class EnrolmentIntentRequirementResponse(IntentRequirement):
    """Enrolment intent requirement response."""


class EnrolmentIntentActionRequiredResponse(IntentActionRequired):
    """Enrolment intent action required response."""


class EnrolmentIntentDependentResponse(ResponseModel):
    """Enrolment intent dependent response."""

    intent_id: DependentsIntentId
    status: DependentStatus


class EnrolmentIntentAssociatedPersonResponse(ResponseModel):
    """Enrolment intent associated person response."""

    optional: bool
    type: AssociatedPersonType
    dependent: EnrolmentIntentDependentResponse | None


class EnrolmentIntentInelgibilityReason(ResponseModel):
    """Enrolment intent inelgibility reason."""

    code: EnrolmentIntentIneligibilityReasonCode
    reason: str


class EnrolmentIntentPendingConfirmationResponse(ResponseModel):
    """Enrolment intent pending confirmation response."""

    due_by: DateTimeText
    code: EnrolmentIntentConfirmationType
    reason: str
    reason_description: str
    associated_persons: EnrolmentIntentAssociatedPersonResponse | None = None


class HealthInsuranceEnrolmentIntentResponse(ResponseModel):
    """Health insurance enrolment intent response."""

    configuration: HealthInsurancePolicyConfigurationResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None


class EnrolmentIntentPolicyEnrolmentResponse(ResponseModel):
    """Enrolment intent policy enrolment response."""

    type: PolicyType
    estimated_effective_from: DateText
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceEnrolmentIntentResponse | None = None
    id: PolicyId | None = None


class PolicyConfigurationResponse(ResponseModel):
    """Policy configuration response."""

    desired_policy_start_date: DateText | None = None
    enrolment_date: DateText | None = None


class EnrolmentIntentResponse(ResponseModel):
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


EnrolmentIntentRequirementResponsePagedList = paged_list_model(EnrolmentIntentRequirementResponse)
EnrolmentIntentResponsePagedList = paged_list_model(EnrolmentIntentResponse)
