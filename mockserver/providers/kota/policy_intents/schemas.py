"""Request and query models of group policy intents."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.catalog.schemas import HealthInsuranceCostSharingConfigurationResponse
from mockserver.providers.kota.policy_intents.logic import STATES
from mockserver.providers.kota.values.ids_and_enums import ConsentType, GroupId, PlanId, QuoteIntentId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class ConsentApprovalInput(RequestModel):
    """An item of the member `consent_approvals`: a user's approval of one version of a consent text."""

    type: ConsentType
    ip: str
    version: str
    user_id: str


class CreateGroupPolicyIntentRequest(RequestModel):
    """The quote to accept, with cost sharing and consents."""

    quote_intent_id: QuoteIntentId
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    consent_approvals: list[ConsentApprovalInput] | None = None


class PolicyIntentsQuery(PageQuery):
    group_id: GroupId | None = None
    plan_id: PlanId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None
