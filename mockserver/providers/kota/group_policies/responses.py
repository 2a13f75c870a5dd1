"""Response models of group policies."""

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
    """The member `configuration` of HealthInsuranceGroupPolicyResponse: how employer and employees share the cost."""


class HealthInsuranceGroupPolicyResponse(ResponseModel):
    """The member `health_insurance` of GroupPolicyResponse: number, renewal and cost sharing."""

    group_policy_number: str | None = None
    renewal: HealthInsurancePolicyRenewalResponse
    configuration: HealthInsuranceGroupPolicyConfigurationResponse


class GroupPolicyResponse(ResponseModel):
    """A policy of a group; the policies of its employees belong to it."""

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
