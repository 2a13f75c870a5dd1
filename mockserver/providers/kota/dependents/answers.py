"""What answers show of dependents management intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse, PlanCoverageResponse, PlanPricingResponse
from mockserver.providers.kota.catalog.cover_answers import PlanCoverageOptionSelectionResponse
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Day
from mockserver.providers.kota.values.terms import (
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


class AssociatedPersonEligibilityResponse(Shown):
    """Associated person eligibility response."""

    associated_person_id: PersonId
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    relationship: RelationshipType
    eligibility_status: EligibilityStatus
    ineligibility_reason: str | None = None
    object: str | None = None


class DependentInfoResponse(Shown):
    """Dependent info response."""

    associated_person_id: PersonId
    status: DependentsManagementIntentDependentStatus
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None
    requirement_id: RequirementId | None = None


class DependentsManagementIntentActionRequiredResponse(Shown):
    """Dependents management intent action required response."""

    code: DependentsManagementIntentActionCode
    reason: str
    reason_description: str
    due_by: At


class PlanWithPricingResponse(Shown):
    """Plan with pricing response."""

    id: PlanId
    name: str
    description: str
    pricing: PlanPricingResponse


class DependentsManagementIntentResponse(Shown):
    """Dependents management intent response."""

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


AssociatedPersonEligibilityResponsePagedList = paged(AssociatedPersonEligibilityResponse)
