"""What answers show of group policy intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse
from mockserver.providers.kota.catalog.cover_answers import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.requirements.answers import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At
from mockserver.providers.kota.values.terms import (
    GroupId,
    GroupPolicyIntentStatus,
    PlanId,
    PolicyIntentId,
    QuoteIntentId,
)


class GroupPolicyIntentRequirementResponse(IntentRequirement):
    """Group policy intent requirement response."""


class GroupPolicyIntentActionRequiredResponse(IntentActionRequired):
    """Group policy intent action required response."""


class GroupPolicyIntentResponse(Shown):
    """Group policy intent response."""

    id: PolicyIntentId
    group_id: GroupId
    plan_id: PlanId
    quote_intent_id: QuoteIntentId
    status: GroupPolicyIntentStatus
    due_date: At | None = None
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    action_required: GroupPolicyIntentActionRequiredResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


GroupPolicyIntentRequirementResponsePagedList = paged(GroupPolicyIntentRequirementResponse)
GroupPolicyIntentResponsePagedList = paged(GroupPolicyIntentResponse)
