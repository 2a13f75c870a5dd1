"""Response models of contribution reports."""

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
    """The base of periods: the first and the last day, both inclusive."""

    from_date: DateText
    to_date: DateText


class GetContributionReportPeriod(Period):
    """The member `period` of ContributionReportResponse: the month of the report."""


class GetEmployeeBreakdownPeriod(Period):
    """The members `period` and `cover_period` of breakdowns: the month of the report, and the covered days."""


class GetEmployeeBreakdownContribution(ResponseModel):
    """An item of GetEmployeeBreakdownHealthInsurance: an amount that one side pays for one member."""

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
    """The member `health_insurance` of ContributionReportEmployeeBreakdownResponse: the contributions of both sides."""

    employer_contributions: list[GetEmployeeBreakdownContribution]
    employee_contributions: list[GetEmployeeBreakdownContribution]


class ContributionReportEmployeeBreakdownResponse(ResponseModel):
    """The part of a contribution report that is about one employee."""

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
    """The contribution report of one month."""

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
