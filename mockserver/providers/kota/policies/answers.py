"""What answers show of policies."""

from __future__ import annotations

from mockserver.providers.kota.catalog.answers import DisclosureResponse
from mockserver.providers.kota.catalog.cover_answers import (
    GrossEstimationAmount,
    HealthInsurancePolicyConfigurationResponse,
    PolicyPlanResponse,
    PolicyProviderResponse,
)
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import Currency, Day
from mockserver.providers.kota.values.terms import (
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


class HealthInsurancePolicyGrossEstimationAmountResponse(GrossEstimationAmount):
    """Health insurance policy gross estimation amount response."""


class HealthInsurancePolicyEstimatedGrossPremiumResponse(Shown):
    """Health insurance policy estimated gross premium response."""

    currency: Currency
    monthly: HealthInsurancePolicyGrossEstimationAmountResponse
    term: HealthInsurancePolicyGrossEstimationAmountResponse


class HealthInsurancePolicyRenewalResponse(Shown):
    """Health insurance policy renewal response."""

    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    status: HealthInsurancePolicyRenewalStatus
    renewed_policy_id: PolicyId | None = None


class PolicyMemberResponse(Shown):
    """Policy member response."""

    id: MemberId
    member_number: str | None = None
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    member_type: MemberType
    associated_person_id: PersonId | None = None


class HealthInsurancePolicyResponse(Shown):
    """Health insurance policy response."""

    policy_number: str | None = None
    opt_out_deadline: Day
    initial_dependents_update_deadline: Day | None
    renewal: HealthInsurancePolicyRenewalResponse
    dependents_supported: bool
    configuration: HealthInsurancePolicyConfigurationResponse
    members: list[PolicyMemberResponse]
    estimated_gross_premium: HealthInsurancePolicyEstimatedGrossPremiumResponse


class PolicyResponse(Shown):
    """Policy response."""

    id: PolicyId
    employee_id: EmployeeId
    group_policy_id: GroupPolicyId
    bundling_type: BundlingType
    status: PolicyStatus
    group_id: GroupId
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    start_date: Day
    end_date: Day | None = None
    cancellation_date: Day | None = None
    type: PolicyType
    health_insurance: HealthInsurancePolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


PolicyResponsePagedList = paged(PolicyResponse)
