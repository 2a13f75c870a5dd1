"""What answers show of policy amendment intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.responses import DisclosureResponse
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import (
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
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class PolicyAmendmentDependentsResponse(ResponseModel):
    """Policy amendment dependents response."""

    dependents_management_intent_id: DependentsIntentId | None = None
    status: DependentsManagementIntentStatus | None = None


class PolicyAmendmentAssociatedPersonsResponse(ResponseModel):
    """Policy amendment associated persons response."""

    type: AssociatedPersonType
    dependents: PolicyAmendmentDependentsResponse | None = None


class PolicyAmendmentQuoteAmountResponse(ResponseModel):
    """Policy amendment quote amount response."""

    net: float
    tax: float
    gross: float


class PolicyAmendmentQuoteContributionsResponse(ResponseModel):
    """Policy amendment quote contributions response."""

    employee_contribution: PolicyAmendmentQuoteAmountResponse
    employer_contribution: PolicyAmendmentQuoteAmountResponse
    total: PolicyAmendmentQuoteAmountResponse


class PolicyAmendmentQuoteResponse(ResponseModel):
    """Policy amendment quote response."""

    currency: str
    monthly: PolicyAmendmentQuoteContributionsResponse
    term: PolicyAmendmentQuoteContributionsResponse


class PolicyAmendmentPendingConfirmationResponse(ResponseModel):
    """Policy amendment pending confirmation response."""

    code: PolicyAmendmentIntentConfirmationCode
    reason: str
    reason_description: str
    due_by: DateText
    quote: PolicyAmendmentQuoteResponse | None = None
    associated_persons: PolicyAmendmentAssociatedPersonsResponse | None = None


class PolicyAmendmentProcessingErrorResponse(ResponseModel):
    """Policy amendment processing error response."""

    code: PolicyAmendmentIntentFailureCode
    reason: str
    reason_description: str


class PolicyAmendmentQualifyingLifeEventResponse(ResponseModel):
    """Policy amendment qualifying life event response."""

    event: QualifyingLifeEventType
    event_date: DateText
    reason: str | None = None


class PolicyAmendmentReasonResponse(ResponseModel):
    """Policy amendment reason response."""

    type: AmendmentReasonType
    qualifying_life_event: PolicyAmendmentQualifyingLifeEventResponse | None = None


class PolicyAmendmentRequestedChangeResponse(ResponseModel):
    """Policy amendment requested change response."""

    change_type: RequestedChangeType


class PolicyAmendmentRequiredActionResponse(ResponseModel):
    """Policy amendment required action response."""

    code: PolicyAmendmentActionCode
    reason: str
    reason_description: str
    due_by: DateText
    associated_persons: PolicyAmendmentAssociatedPersonsResponse


class PolicyAmendmentIntentResponse(ResponseModel):
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


PolicyAmendmentIntentResponsePagedList = paged_list_model(PolicyAmendmentIntentResponse)
