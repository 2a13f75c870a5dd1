"""What answers show of contribution reports."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import Currency, DateText, DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
    ContributionReportStatus,
    EmployeeId,
    EmployeePolicyId,
    EmployerId,
    EntryId,
    HealthInsuranceContributionCategory,
    HealthInsuranceContributionMemberType,
    HealthInsuranceContributionType,
    PolicyId,
    ReportId,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class Period(ResponseModel):
    """The days something is about, the first and the last."""

    from_date: DateText
    to_date: DateText


class GetContributionReportPeriod(Period):
    """Get contribution report period."""


class GetEmployeeBreakdownPeriod(Period):
    """Get employee breakdown period."""


class GetEmployeeBreakdownContribution(ResponseModel):
    """Get employee breakdown contribution."""

    id: EntryId
    category: HealthInsuranceContributionCategory
    member_type: HealthInsuranceContributionMemberType
    adjustment: bool
    adjustment_for: EntryId | None = None
    amount: float
    type: HealthInsuranceContributionType
    note: str | None = None
    cover_period: GetEmployeeBreakdownPeriod
    policy_id: PolicyId
    employee_policy_id: EmployeePolicyId
    reporting_month: DateText


class GetEmployeeBreakdownHealthInsurance(ResponseModel):
    """Get employee breakdown health insurance."""

    employer_contributions: list[GetEmployeeBreakdownContribution]
    employee_contributions: list[GetEmployeeBreakdownContribution]


class ContributionReportEmployeeBreakdownResponse(ResponseModel):
    """Contribution report employee breakdown response."""

    object: str | None = None
    employee_id: EmployeeId
    contribution_report_id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetEmployeeBreakdownPeriod
    currency: Currency
    status: ContributionReportStatus
    finalized_at: DateTimeText | None = None
    created_at: DateTimeText
    last_updated_at: DateTimeText
    health_insurance: GetEmployeeBreakdownHealthInsurance


class ContributionReportResponse(ResponseModel):
    """Contribution report response."""

    object: str | None = None
    id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetContributionReportPeriod
    status: ContributionReportStatus
    finalized_at: DateTimeText | None = None
    created_at: DateTimeText
    last_updated_at: DateTimeText


ContributionReportEmployeeBreakdownResponsePagedList = paged_list_model(ContributionReportEmployeeBreakdownResponse)
ContributionReportResponsePagedList = paged_list_model(ContributionReportResponse)
