"""Request and query models of enrolment intents."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.catalog.schemas import PlanCoverageOptionSelectionRequest
from mockserver.providers.kota.enrolments.logic import STATES
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import EmployeeId, GroupId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class PolicyConfigurationRequest(RequestModel):
    """The dates that a client requests for an enrolment."""

    desired_policy_start_date: DateText | None = None
    enrolment_date: DateText | None = None


class CreateEnrolmentIntentRequest(RequestModel):
    """The employee and the group of a new enrolment, with dates and options."""

    employee_id: EmployeeId
    group_id: GroupId
    policy_configuration: PolicyConfigurationRequest | None = None
    force_confirmation: bool
    coverage_selections: list[PlanCoverageOptionSelectionRequest] | None = None


class SubmitCoverageSelectionsRequest(RequestModel):
    """The options to select for an enrolment."""

    coverage_selections: list[PlanCoverageOptionSelectionRequest]


class EnrolmentsQuery(PageQuery):
    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None
