"""What answers show of group policies."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import (
    CoverConfiguration,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.catalog.responses import DisclosureResponse
from mockserver.providers.kota.policies.responses import HealthInsurancePolicyRenewalResponse
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import (
    EmployerId,
    GroupId,
    GroupPolicyId,
    GroupPolicyStatus,
    PolicyType,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class HealthInsuranceGroupPolicyConfigurationResponse(CoverConfiguration):
    """Health insurance group policy configuration response."""


class HealthInsuranceGroupPolicyResponse(ResponseModel):
    """Health insurance group policy response."""

    group_policy_number: str | None = None
    renewal: HealthInsurancePolicyRenewalResponse
    configuration: HealthInsuranceGroupPolicyConfigurationResponse


class GroupPolicyResponse(ResponseModel):
    """Group policy response."""

    id: GroupPolicyId
    group_id: GroupId | None = None
    employer_id: EmployerId | None = None
    start_date: DateText
    end_date: DateText | None = None
    cancellation_date: DateText | None = None
    status: GroupPolicyStatus
    type: PolicyType
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceGroupPolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


GroupPolicyResponsePagedList = paged_list_model(GroupPolicyResponse)
