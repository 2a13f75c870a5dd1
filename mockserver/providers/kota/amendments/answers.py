"""What answers show of policy amendment intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.terms import (
    AmendmentId,
    AmendmentReasonType,
    AssociatedPersonType,
    DependentsIntentId,
    DependentsManagementIntentStatus,
    PolicyAmendmentActionCode,
    PolicyAmendmentIntentConfirmationCode,
    PolicyAmendmentIntentFailureCode,
    PolicyAmendmentIntentStatus,
    PolicyId,
    QualifyingLifeEventType,
    RequestedChangeType,
)


class PolicyAmendmentDependentsResponse(Shown):
    """Policy amendment dependents response."""

    dependents_management_intent_id: DependentsIntentId | None = None
    status: DependentsManagementIntentStatus | None = None


class PolicyAmendmentAssociatedPersonsResponse(Shown):
    """Policy amendment associated persons response."""

    type: AssociatedPersonType
    dependents: PolicyAmendmentDependentsResponse | None = None


class PolicyAmendmentQuoteAmountResponse(Shown):
    """Policy amendment quote amount response."""

    net: float
    tax: float
    gross: float


class PolicyAmendmentQuoteContributionsResponse(Shown):
    """Policy amendment quote contributions response."""

    employee_contribution: PolicyAmendmentQuoteAmountResponse
    employer_contribution: PolicyAmendmentQuoteAmountResponse
    total: PolicyAmendmentQuoteAmountResponse


class PolicyAmendmentQuoteResponse(Shown):
    """Policy amendment quote response."""

    currency: str
    monthly: PolicyAmendmentQuoteContributionsResponse
    term: PolicyAmendmentQuoteContributionsResponse


class PolicyAmendmentPendingConfirmationResponse(Shown):
    """Policy amendment pending confirmation response."""

    code: PolicyAmendmentIntentConfirmationCode
    reason: str
    reason_description: str
    due_by: Day
    quote: PolicyAmendmentQuoteResponse | None = None
    associated_persons: PolicyAmendmentAssociatedPersonsResponse | None = None


class PolicyAmendmentProcessingErrorResponse(Shown):
    """Policy amendment processing error response."""

    code: PolicyAmendmentIntentFailureCode
    reason: str
    reason_description: str


class PolicyAmendmentQualifyingLifeEventResponse(Shown):
    """Policy amendment qualifying life event response."""

    event: QualifyingLifeEventType
    event_date: Day
    reason: str | None = None


class PolicyAmendmentReasonResponse(Shown):
    """Policy amendment reason response."""

    type: AmendmentReasonType
    qualifying_life_event: PolicyAmendmentQualifyingLifeEventResponse | None = None


class PolicyAmendmentRequestedChangeResponse(Shown):
    """Policy amendment requested change response."""

    change_type: RequestedChangeType


class PolicyAmendmentRequiredActionResponse(Shown):
    """Policy amendment required action response."""

    code: PolicyAmendmentActionCode
    reason: str
    reason_description: str
    due_by: Day
    associated_persons: PolicyAmendmentAssociatedPersonsResponse


class PolicyAmendmentIntentResponse(Shown):
    """Policy amendment intent response."""

    id: AmendmentId
    object: str | None = None
    policy_id: PolicyId
    status: PolicyAmendmentIntentStatus
    amendment_reason: PolicyAmendmentReasonResponse
    requested_changes: list[PolicyAmendmentRequestedChangeResponse]
    required_action: PolicyAmendmentRequiredActionResponse | None = None
    pending_confirmation: PolicyAmendmentPendingConfirmationResponse | None = None
    processing_error: PolicyAmendmentProcessingErrorResponse | None = None
    disclosures: list[DisclosureResponse]


PolicyAmendmentIntentResponsePagedList = paged(PolicyAmendmentIntentResponse)
