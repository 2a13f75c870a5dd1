"""Response models of group policy intents."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.catalog.responses import DisclosureResponse
from mockserver.providers.kota.requirements.responses import IntentActionRequired, IntentRequirement
from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
    GroupId,
    GroupPolicyIntentStatus,
    PlanId,
    PolicyIntentId,
    QuoteIntentId,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class GroupPolicyIntentRequirementResponse(IntentRequirement):
    """An item of a list of requirements: a form that a group policy intent requires."""


class GroupPolicyIntentActionRequiredResponse(IntentActionRequired):
    """The member `action_required` of GroupPolicyIntentResponse: the action to take, and its deadline."""


class GroupPolicyIntentResponse(ResponseModel):
    """An intent that accepts a group's quote, with its state."""

    id: PolicyIntentId
    group_id: GroupId
    plan_id: PlanId
    quote_intent_id: QuoteIntentId
    status: GroupPolicyIntentStatus
    due_date: DateTimeText | None = None
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    action_required: GroupPolicyIntentActionRequiredResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


GroupPolicyIntentRequirementResponsePagedList = paged_list_model(GroupPolicyIntentRequirementResponse)
GroupPolicyIntentResponsePagedList = paged_list_model(GroupPolicyIntentResponse)
