"""Response models of policy amendment intents."""

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
    """The dependents management intent of an amendment."""

    dependents_management_intent_id: DependentsIntentId | None = None
    status: DependentsManagementIntentStatus | None = None


class PolicyAmendmentAssociatedPersonsResponse(ResponseModel):
    """A reference to the list of dependents of an amendment."""

    type: AssociatedPersonType
    dependents: PolicyAmendmentDependentsResponse | None = None


class PolicyAmendmentQuoteAmountResponse(ResponseModel):
    """An amount before tax, its tax, and the sum of both."""

    net: float
    tax: float
    gross: float


class PolicyAmendmentQuoteContributionsResponse(ResponseModel):
    """The contributions of employee and employer, and their total."""

    employee_contribution: PolicyAmendmentQuoteAmountResponse
    employer_contribution: PolicyAmendmentQuoteAmountResponse
    total: PolicyAmendmentQuoteAmountResponse


class PolicyAmendmentQuoteResponse(ResponseModel):
    """The price of the amended policy, per month and for the term."""

    currency: str
    monthly: PolicyAmendmentQuoteContributionsResponse
    term: PolicyAmendmentQuoteContributionsResponse


class PolicyAmendmentPendingConfirmationResponse(ResponseModel):
    """Why an amendment must be confirmed, until when, and at which price."""

    code: PolicyAmendmentIntentConfirmationCode
    reason: str
    reason_description: str
    due_by: DateText
    quote: PolicyAmendmentQuoteResponse | None = None
    associated_persons: PolicyAmendmentAssociatedPersonsResponse | None = None


class PolicyAmendmentProcessingErrorResponse(ResponseModel):
    """Why the insurer did not make an amendment."""

    code: PolicyAmendmentIntentFailureCode
    reason: str
    reason_description: str


class PolicyAmendmentQualifyingLifeEventResponse(ResponseModel):
    """A life event that allows an amendment."""

    event: QualifyingLifeEventType
    event_date: DateText
    reason: str | None = None


class PolicyAmendmentReasonResponse(ResponseModel):
    """The reason for an amendment, with the life event if there is one."""

    type: AmendmentReasonType
    qualifying_life_event: PolicyAmendmentQualifyingLifeEventResponse | None = None


class PolicyAmendmentRequestedChangeResponse(ResponseModel):
    """A kind of change that an amendment requests."""

    change_type: RequestedChangeType


class PolicyAmendmentRequiredActionResponse(ResponseModel):
    """What must be done before an amendment can continue, and until when."""

    code: PolicyAmendmentActionCode
    reason: str
    reason_description: str
    due_by: DateText
    associated_persons: PolicyAmendmentAssociatedPersonsResponse


class PolicyAmendmentIntentResponse(ResponseModel):
    """An amendment of a policy, with the members of its current state."""

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
