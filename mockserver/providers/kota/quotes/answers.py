"""What answers show of group quote intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse
from mockserver.providers.kota.catalog.cover_answers import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.requirements.answers import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Day
from mockserver.providers.kota.values.terms import ConsentType, GroupId, GroupQuoteIntentStatus, PlanId, QuoteIntentId


class ConsentLinkResponse(Shown):
    """Consent link response."""

    type: ConsentType
    url: str
    version: str


class GroupQuoteIntentRequirementResponse(IntentRequirement):
    """Group quote intent requirement response."""


class GroupQuoteIntentActionRequiredResponse(IntentActionRequired):
    """Group quote intent action required response."""


class GroupQuoteIntentResponse(Shown):
    """Group quote intent response."""

    id: QuoteIntentId
    group_id: GroupId
    plan_id: PlanId
    status: GroupQuoteIntentStatus
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    expected_start_date: Day | None = None
    action_required: GroupQuoteIntentActionRequiredResponse | None = None
    consent_links: list[ConsentLinkResponse]
    disclosures: list[DisclosureResponse]
    object: str | None = None


class GroupQuoteResponse(Shown):
    """Group quote response."""

    employee_count: int
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse
    total_monthly_premium: float
    currency: str
    pdf_url: str | None = None
    pdf_expires_at: At | None = None
    generated_at: At
    expires_at: At
    object: str | None = None


GroupQuoteIntentRequirementResponsePagedList = paged(GroupQuoteIntentRequirementResponse)
GroupQuoteIntentResponsePagedList = paged(GroupQuoteIntentResponse)
