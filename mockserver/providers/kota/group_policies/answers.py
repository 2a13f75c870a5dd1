"""What answers show of group policies."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse
from mockserver.providers.kota.catalog.cover_answers import (
    CoverConfiguration,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.policies.answers import HealthInsurancePolicyRenewalResponse
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.terms import EmployerId, GroupId, GroupPolicyId, GroupPolicyStatus, PolicyType


class HealthInsuranceGroupPolicyConfigurationResponse(CoverConfiguration):
    """Health insurance group policy configuration response."""


class HealthInsuranceGroupPolicyResponse(Shown):
    """Health insurance group policy response."""

    group_policy_number: str | None = None
    renewal: HealthInsurancePolicyRenewalResponse
    configuration: HealthInsuranceGroupPolicyConfigurationResponse


class GroupPolicyResponse(Shown):
    """Group policy response."""

    id: GroupPolicyId
    group_id: GroupId | None = None
    employer_id: EmployerId | None = None
    start_date: Day
    end_date: Day | None = None
    cancellation_date: Day | None = None
    status: GroupPolicyStatus
    type: PolicyType
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceGroupPolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


GroupPolicyResponsePagedList = paged(GroupPolicyResponse)
