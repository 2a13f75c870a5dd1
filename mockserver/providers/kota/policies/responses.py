"""Response models of policies."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import (
    GrossEstimationAmount,
    HealthInsurancePolicyConfigurationResponse,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.catalog.responses import DisclosureResponse
from mockserver.providers.kota.values.fields import Currency, DateText
from mockserver.providers.kota.values.ids_and_enums import (
    BundlingType,
    EmployeeId,
    GroupId,
    GroupPolicyId,
    HealthInsurancePolicyRenewalStatus,
    MemberId,
    MemberType,
    PersonId,
    PolicyId,
    PolicyStatus,
    PolicyType,
    SexAtBirth,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class HealthInsurancePolicyGrossEstimationAmountResponse(GrossEstimationAmount):
    """The members `monthly` and `term` of HealthInsurancePolicyEstimatedGrossPremiumResponse."""


class HealthInsurancePolicyEstimatedGrossPremiumResponse(ResponseModel):
    """The member `estimated_gross_premium` of HealthInsurancePolicyResponse: the premium per month and for the term."""

    currency: Currency
    monthly: HealthInsurancePolicyGrossEstimationAmountResponse
    term: HealthInsurancePolicyGrossEstimationAmountResponse


class HealthInsurancePolicyRenewalResponse(ResponseModel):
    """The member `renewal` of the member `health_insurance` of policies and group policies: date, window and state."""

    renewal_date: DateText
    window_start_date: DateText
    window_end_date: DateText
    status: HealthInsurancePolicyRenewalStatus
    renewed_policy_id: PolicyId | None = None


class PolicyMemberResponse(ResponseModel):
    """An item of the member `members` of HealthInsurancePolicyResponse: a person that the policy covers."""

    id: MemberId
    member_number: str | None = None
    first_name: str
    last_name: str
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    member_type: MemberType
    associated_person_id: PersonId | None = None


class HealthInsurancePolicyResponse(ResponseModel):
    """The member `health_insurance` of PolicyResponse: number, deadlines, members and premium."""

    policy_number: str | None = None
    opt_out_deadline: DateText
    initial_dependents_update_deadline: DateText | None
    renewal: HealthInsurancePolicyRenewalResponse
    dependents_supported: bool
    configuration: HealthInsurancePolicyConfigurationResponse
    members: list[PolicyMemberResponse]
    estimated_gross_premium: HealthInsurancePolicyEstimatedGrossPremiumResponse


class PolicyResponse(ResponseModel):
    """The policy of an employee."""

    id: PolicyId
    employee_id: EmployeeId
    group_policy_id: GroupPolicyId
    bundling_type: BundlingType
    status: PolicyStatus
    group_id: GroupId
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    start_date: DateText
    end_date: DateText | None = None
    cancellation_date: DateText | None = None
    type: PolicyType
    health_insurance: HealthInsurancePolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


PolicyResponsePagedList = paged_list_model(PolicyResponse)
