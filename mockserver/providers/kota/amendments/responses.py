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
    """The member `dependents` of PolicyAmendmentAssociatedPersonsResponse: the dependents management intent."""

    dependents_management_intent_id: DependentsIntentId | None = None
    status: DependentsManagementIntentStatus | None = None


class PolicyAmendmentAssociatedPersonsResponse(ResponseModel):
    """The member `associated_persons` of required actions and pending confirmations: a reference to the dependents."""

    type: AssociatedPersonType
    dependents: PolicyAmendmentDependentsResponse | None = None


class PolicyAmendmentQuoteAmountResponse(ResponseModel):
    """The members of PolicyAmendmentQuoteContributionsResponse: an amount before tax, its tax, and the sum of both."""

    net: float
    tax: float
    gross: float


class PolicyAmendmentQuoteContributionsResponse(ResponseModel):
    """The members `monthly` and `term` of PolicyAmendmentQuoteResponse: the contributions and their total."""

    employee_contribution: PolicyAmendmentQuoteAmountResponse
    employer_contribution: PolicyAmendmentQuoteAmountResponse
    total: PolicyAmendmentQuoteAmountResponse


class PolicyAmendmentQuoteResponse(ResponseModel):
    """The member `quote` of PolicyAmendmentPendingConfirmationResponse: the price of the amended policy."""

    currency: str
    monthly: PolicyAmendmentQuoteContributionsResponse
    term: PolicyAmendmentQuoteContributionsResponse


class PolicyAmendmentPendingConfirmationResponse(ResponseModel):
    """The member `pending_confirmation` of PolicyAmendmentIntentResponse: reason, deadline and price."""

    code: PolicyAmendmentIntentConfirmationCode
    reason: str
    reason_description: str
    due_by: DateText
    quote: PolicyAmendmentQuoteResponse | None = None
    associated_persons: PolicyAmendmentAssociatedPersonsResponse | None = None


class PolicyAmendmentProcessingErrorResponse(ResponseModel):
    """The member `processing_error` of PolicyAmendmentIntentResponse: why the insurer did not make the amendment."""

    code: PolicyAmendmentIntentFailureCode
    reason: str
    reason_description: str


class PolicyAmendmentQualifyingLifeEventResponse(ResponseModel):
    """The member `qualifying_life_event` of PolicyAmendmentReasonResponse: an event that allows an amendment."""

    event: QualifyingLifeEventType
    event_date: DateText
    reason: str | None = None


class PolicyAmendmentReasonResponse(ResponseModel):
    """The member `amendment_reason` of PolicyAmendmentIntentResponse: the reason, with a life event if there is one."""

    type: AmendmentReasonType
    qualifying_life_event: PolicyAmendmentQualifyingLifeEventResponse | None = None


class PolicyAmendmentRequestedChangeResponse(ResponseModel):
    """An item of the member `requested_changes` of PolicyAmendmentIntentResponse: a kind of change."""

    change_type: RequestedChangeType


class PolicyAmendmentRequiredActionResponse(ResponseModel):
    """The member `required_action` of PolicyAmendmentIntentResponse: the action to take, and its deadline."""

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
