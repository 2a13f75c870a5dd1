"""What answers show of the older objects."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_answers import GrossEstimationAmount
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Currency, Day
from mockserver.providers.kota.values.terms import (
    EmployeeHealthInsuranceOfferStatus,
    EmployeeHealthInsurancePolicyStatus,
    EmployeeId,
    EmployeePolicyId,
    EmployerHealthInsurancePolicyRenewalStatus,
    EmployerHealthInsurancePolicyStatus,
    EmployerHealthInsuranceQuoteStatus,
    EmployerId,
    EmployerPolicyId,
    EmployerQuoteId,
    EnrolmentType,
    OfferId,
    PlanId,
)


class HealthInsuranceCoverageLevelDocumentResponse(Shown):
    """Health insurance coverage level document response."""

    title: str
    link: str


class HealthInsuranceCoverageLevelResponse(Shown):
    """Health insurance coverage level response."""

    plan_id: PlanId
    plan_name: str
    plan_currency: Currency
    provider_name: str
    provider_logo_url: str
    provider_employer_platform_url: str | None = None
    provider_support_phone: str | None = None
    documents: list[HealthInsuranceCoverageLevelDocumentResponse]


class HealthInsuranceRequiredActionResponse(Shown):
    """Health insurance required action response."""

    reason: str
    reason_description: str
    code: str
    due_at: Day


class HealthInsuranceGrossEstimationAmountResponse(GrossEstimationAmount):
    """Health insurance gross estimation amount response."""


class HealthInsuranceEstimatedGrossPremiumResponse(Shown):
    """Health insurance estimated gross premium response."""

    currency: Currency
    monthly: HealthInsuranceGrossEstimationAmountResponse
    term: HealthInsuranceGrossEstimationAmountResponse


class EmployeeHealthInsuranceOfferResponse(Shown):
    """Employee health insurance offer response."""

    object: str | None = None
    id: OfferId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    status: EmployeeHealthInsuranceOfferStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_level: HealthInsuranceCoverageLevelResponse


class EmployeeHealthPolicyRenewal(Shown):
    """Employee health policy renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    decision_confirmed: bool
    renewed_health_insurance_id: EmployeePolicyId | None = None


class EmployeeHealthInsurancePolicyResponse(Shown):
    """Employee health insurance policy response."""

    object: str | None = None
    id: EmployeePolicyId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    start_date: Day
    end_date: Day
    cancellation_date: Day | None = None
    policy_number: str | None = None
    status: EmployeeHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: EmployeeHealthPolicyRenewal
    opt_out_deadline_date: Day
    coverage_level: HealthInsuranceCoverageLevelResponse
    enrolled_dependants_count: int
    estimated_gross_premium: HealthInsuranceEstimatedGrossPremiumResponse


class GetEmployerHealthPolicyRenewal(Shown):
    """Get employer health policy renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    decision_confirmed: bool
    renewed_health_insurance_id: EmployerPolicyId | None = None


class EmployerHealthInsurancePolicyResponse(Shown):
    """Employer health insurance policy response."""

    object: str | None = None
    id: EmployerPolicyId
    employer_id: EmployerId
    start_date: Day
    end_date: Day
    cancellation_date: Day | None = None
    group_policy_number: str | None = None
    status: EmployerHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: GetEmployerHealthPolicyRenewal
    employer_cancellation_period_length: int
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


class EmployerHealthInsuranceQuoteResponse(Shown):
    """Employer health insurance quote response."""

    object: str | None = None
    id: EmployerQuoteId
    employer_id: EmployerId
    quoted_at: At
    status: EmployerHealthInsuranceQuoteStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


EmployeeHealthInsuranceOfferResponsePagedList = paged(EmployeeHealthInsuranceOfferResponse)
EmployeeHealthInsurancePolicyResponsePagedList = paged(EmployeeHealthInsurancePolicyResponse)
EmployerHealthInsurancePolicyResponsePagedList = paged(EmployerHealthInsurancePolicyResponse)
EmployerHealthInsuranceQuoteResponsePagedList = paged(EmployerHealthInsuranceQuoteResponse)
