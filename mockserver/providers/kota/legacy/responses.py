"""Response models of the older objects."""

from __future__ import annotations

from mockserver.providers.kota.catalog.cover_responses import GrossEstimationAmount
from mockserver.providers.kota.values.fields import Currency, DateText, DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
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
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class HealthInsuranceCoverageLevelDocumentResponse(ResponseModel):
    """An item of the member `documents` of HealthInsuranceCoverageLevelResponse: a document about a plan."""

    title: str
    link: str


class HealthInsuranceCoverageLevelResponse(ResponseModel):
    """The members `coverage_level` and `coverage_levels` of the older objects: a plan and its provider."""

    plan_id: PlanId
    plan_name: str
    plan_currency: Currency
    provider_name: str
    provider_logo_url: str
    provider_employer_platform_url: str | None = None
    provider_support_phone: str | None = None
    documents: list[HealthInsuranceCoverageLevelDocumentResponse]


class HealthInsuranceRequiredActionResponse(ResponseModel):
    """The member `required_action` of offers and quotes: the action to take, and its deadline."""

    reason: str
    reason_description: str
    code: str
    due_at: DateText


class HealthInsuranceGrossEstimationAmountResponse(GrossEstimationAmount):
    """The members `monthly` and `term` of HealthInsuranceEstimatedGrossPremiumResponse: contributions and total."""


class HealthInsuranceEstimatedGrossPremiumResponse(ResponseModel):
    """The member `estimated_gross_premium` of EmployeeHealthInsurancePolicyResponse."""

    currency: Currency
    monthly: HealthInsuranceGrossEstimationAmountResponse
    term: HealthInsuranceGrossEstimationAmountResponse


class EmployeeHealthInsuranceOfferResponse(ResponseModel):
    """An offer to an employee: the older form of an enrolment intent."""

    object: str | None = None
    id: OfferId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    status: EmployeeHealthInsuranceOfferStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_level: HealthInsuranceCoverageLevelResponse


class EmployeeHealthPolicyRenewal(ResponseModel):
    """The member `renewal` of EmployeeHealthInsurancePolicyResponse: date, window and state of the renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: DateText
    window_start_date: DateText
    window_end_date: DateText
    decision_confirmed: bool
    renewed_health_insurance_id: EmployeePolicyId | None = None


class EmployeeHealthInsurancePolicyResponse(ResponseModel):
    """The policy of an employee: the older form of a policy."""

    object: str | None = None
    id: EmployeePolicyId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    start_date: DateText
    end_date: DateText
    cancellation_date: DateText | None = None
    policy_number: str | None = None
    status: EmployeeHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: EmployeeHealthPolicyRenewal
    opt_out_deadline_date: DateText
    coverage_level: HealthInsuranceCoverageLevelResponse
    enrolled_dependants_count: int
    estimated_gross_premium: HealthInsuranceEstimatedGrossPremiumResponse


class GetEmployerHealthPolicyRenewal(ResponseModel):
    """The member `renewal` of EmployerHealthInsurancePolicyResponse: date, window and state of the renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: DateText
    window_start_date: DateText
    window_end_date: DateText
    decision_confirmed: bool
    renewed_health_insurance_id: EmployerPolicyId | None = None


class EmployerHealthInsurancePolicyResponse(ResponseModel):
    """The policy of an employer: the older form of a group policy."""

    object: str | None = None
    id: EmployerPolicyId
    employer_id: EmployerId
    start_date: DateText
    end_date: DateText
    cancellation_date: DateText | None = None
    group_policy_number: str | None = None
    status: EmployerHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: GetEmployerHealthPolicyRenewal
    employer_cancellation_period_length: int
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


class EmployerHealthInsuranceQuoteResponse(ResponseModel):
    """A quote for an employer: the older form of a group quote intent."""

    object: str | None = None
    id: EmployerQuoteId
    employer_id: EmployerId
    quoted_at: DateTimeText
    status: EmployerHealthInsuranceQuoteStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


EmployeeHealthInsuranceOfferResponsePagedList = paged_list_model(EmployeeHealthInsuranceOfferResponse)
EmployeeHealthInsurancePolicyResponsePagedList = paged_list_model(EmployeeHealthInsurancePolicyResponse)
EmployerHealthInsurancePolicyResponsePagedList = paged_list_model(EmployerHealthInsurancePolicyResponse)
EmployerHealthInsuranceQuoteResponsePagedList = paged_list_model(EmployerHealthInsuranceQuoteResponse)
