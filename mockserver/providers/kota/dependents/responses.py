"""Response models of dependents management intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import PlanCoverageOptionSelectionResponse
from mockserver.providers.kota.catalog.responses import DisclosureResponse, PlanCoverageResponse, PlanPricingResponse
from mockserver.providers.kota.values.fields import DateText, DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
    DependentsIntentId,
    DependentsManagementIntentActionCode,
    DependentsManagementIntentDependentStatus,
    DependentsManagementIntentParentType,
    DependentsManagementIntentStatus,
    EligibilityStatus,
    PersonId,
    PlanId,
    RelationshipType,
    RequirementId,
    SexAtBirth,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class AssociatedPersonEligibilityResponse(ResponseModel):
    """The eligibility of an associated person: whether the plan can cover the person, and why not."""

    associated_person_id: PersonId
    first_name: str
    last_name: str
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    relationship: RelationshipType
    eligibility_status: EligibilityStatus
    ineligibility_reason: str | None = None
    object: str | None = None


class DependentInfoResponse(ResponseModel):
    """An item of the member `dependents` of DependentsManagementIntentResponse: a dependent, with its state."""

    associated_person_id: PersonId
    status: DependentsManagementIntentDependentStatus
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None
    requirement_id: RequirementId | None = None


class DependentsManagementIntentActionRequiredResponse(ResponseModel):
    """The member `action_required` of DependentsManagementIntentResponse: the action to take, and its deadline."""

    code: DependentsManagementIntentActionCode
    reason: str
    reason_description: str
    due_by: DateTimeText


class PlanWithPricingResponse(ResponseModel):
    """The member `plan` of DependentsManagementIntentResponse: the plan that covers the dependents, with prices."""

    id: PlanId
    name: str
    description: str
    pricing: PlanPricingResponse


class DependentsManagementIntentResponse(ResponseModel):
    """A list of the dependents to cover, with the state of the list."""

    id: DependentsIntentId
    object: str | None = None
    parent_intent_id: str
    parent_intent_type: DependentsManagementIntentParentType
    status: DependentsManagementIntentStatus
    dependents: list[DependentInfoResponse]
    plan: PlanWithPricingResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    disclosures: list[DisclosureResponse]
    action_required: DependentsManagementIntentActionRequiredResponse | None = None


AssociatedPersonEligibilityResponsePagedList = paged_list_model(AssociatedPersonEligibilityResponse)
