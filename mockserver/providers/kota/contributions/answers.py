"""What answers show of contribution reports."""

from __future__ import annotations

from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Currency, Day
from mockserver.providers.kota.values.terms import (
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


class Period(Shown):
    """The days something is about, the first and the last."""

    from_date: Day
    to_date: Day


class GetContributionReportPeriod(Period):
    """Get contribution report period."""


class GetEmployeeBreakdownPeriod(Period):
    """Get employee breakdown period."""


class GetEmployeeBreakdownContribution(Shown):
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
    reporting_month: Day


class GetEmployeeBreakdownHealthInsurance(Shown):
    """Get employee breakdown health insurance."""

    employer_contributions: list[GetEmployeeBreakdownContribution]
    employee_contributions: list[GetEmployeeBreakdownContribution]


class ContributionReportEmployeeBreakdownResponse(Shown):
    """Contribution report employee breakdown response."""

    object: str | None = None
    employee_id: EmployeeId
    contribution_report_id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetEmployeeBreakdownPeriod
    currency: Currency
    status: ContributionReportStatus
    finalized_at: At | None = None
    created_at: At
    last_updated_at: At
    health_insurance: GetEmployeeBreakdownHealthInsurance


class ContributionReportResponse(Shown):
    """Contribution report response."""

    object: str | None = None
    id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetContributionReportPeriod
    status: ContributionReportStatus
    finalized_at: At | None = None
    created_at: At
    last_updated_at: At


ContributionReportEmployeeBreakdownResponsePagedList = paged(ContributionReportEmployeeBreakdownResponse)
ContributionReportResponsePagedList = paged(ContributionReportResponse)
