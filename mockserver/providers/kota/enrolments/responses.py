"""Response models of enrolment intents."""

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
    """A form that an enrolment intent requires."""


class EnrolmentIntentActionRequiredResponse(IntentActionRequired):
    """The member `action_required` of EnrolmentIntentResponse: the action to take, and its deadline."""


class EnrolmentIntentDependentResponse(ResponseModel):
    """The member `dependent` of EnrolmentIntentAssociatedPersonResponse: the dependents management intent."""

    intent_id: DependentsIntentId
    status: DependentStatus


class EnrolmentIntentAssociatedPersonResponse(ResponseModel):
    """The member `associated_persons` of EnrolmentIntentPendingConfirmationResponse: the dependents to enrol."""

    optional: bool
    type: AssociatedPersonType
    dependent: EnrolmentIntentDependentResponse | None


# Inelgibility is spelt so by the vendor.
class EnrolmentIntentInelgibilityReason(ResponseModel):
    """The member `ineligibility_reason` of EnrolmentIntentResponse: why the employee cannot be enrolled."""

    code: EnrolmentIntentIneligibilityReasonCode
    reason: str


class EnrolmentIntentPendingConfirmationResponse(ResponseModel):
    """The member `pending_confirmation` of EnrolmentIntentResponse: what the client must confirm, and the deadline."""

    due_by: DateTimeText
    code: EnrolmentIntentConfirmationType
    reason: str
    reason_description: str
    associated_persons: EnrolmentIntentAssociatedPersonResponse | None = None


class HealthInsuranceEnrolmentIntentResponse(ResponseModel):
    """The member `health_insurance` of EnrolmentIntentPolicyEnrolmentResponse: cost sharing, options, selections."""

    configuration: HealthInsurancePolicyConfigurationResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None


class EnrolmentIntentPolicyEnrolmentResponse(ResponseModel):
    """An item of the member `policy_enrolments` of EnrolmentIntentResponse; `id` is null until the policy exists."""

    type: PolicyType
    estimated_effective_from: DateText
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceEnrolmentIntentResponse | None = None
    id: PolicyId | None = None


class PolicyConfigurationResponse(ResponseModel):
    """The member `policy_configuration` of EnrolmentIntentResponse: the dates that the client requested."""

    desired_policy_start_date: DateText | None = None
    enrolment_date: DateText | None = None


class EnrolmentIntentResponse(ResponseModel):
    """The enrolment of an employee in a group, with the members of its current state."""

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
