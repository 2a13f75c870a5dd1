"""Response models of group quote intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.catalog.responses import DisclosureResponse
from mockserver.providers.kota.requirements.responses import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.fields import DateText, DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
    ConsentType,
    GroupId,
    GroupQuoteIntentStatus,
    PlanId,
    QuoteIntentId,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class ConsentLinkResponse(ResponseModel):
    """An item of the member `consent_links` of GroupQuoteIntentResponse: a link to one version of a consent text."""

    type: ConsentType
    url: str
    version: str


class GroupQuoteIntentRequirementResponse(IntentRequirement):
    """An item of a list of requirements: a form that a group quote intent requires."""


class GroupQuoteIntentActionRequiredResponse(IntentActionRequired):
    """The member `action_required` of GroupQuoteIntentResponse: the action to take, and its deadline."""


class GroupQuoteIntentResponse(ResponseModel):
    """An intent that requests a quote for a group and a plan, with its state."""

    id: QuoteIntentId
    group_id: GroupId
    plan_id: PlanId
    status: GroupQuoteIntentStatus
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    expected_start_date: DateText | None = None
    action_required: GroupQuoteIntentActionRequiredResponse | None = None
    consent_links: list[ConsentLinkResponse]
    disclosures: list[DisclosureResponse]
    object: str | None = None


class GroupQuoteResponse(ResponseModel):
    """The insurer's quote for a group."""

    employee_count: int
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse
    total_monthly_premium: float
    currency: str
    pdf_url: str | None = None
    pdf_expires_at: DateTimeText | None = None
    generated_at: DateTimeText
    expires_at: DateTimeText
    object: str | None = None


GroupQuoteIntentRequirementResponsePagedList = paged_list_model(GroupQuoteIntentRequirementResponse)
GroupQuoteIntentResponsePagedList = paged_list_model(GroupQuoteIntentResponse)
