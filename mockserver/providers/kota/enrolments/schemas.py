"""What the operations on enrolment intents take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.catalog.schemas import PlanCoverageOptionSelectionRequest
from mockserver.providers.kota.enrolments.logic import STATES
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import EmployeeId, GroupId
from mockserver.providers.kota.wire.lists import Page, states


class PolicyConfigurationRequest(Given):
    """Policy configuration request."""

    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None


class CreateEnrolmentIntentRequest(Given):
    """Create enrolment intent request."""

    employee_id: EmployeeId
    group_id: GroupId
    policy_configuration: PolicyConfigurationRequest | None = None
    force_confirmation: bool
    coverage_selections: list[PlanCoverageOptionSelectionRequest] | None = None


class SubmitCoverageSelectionsRequest(Given):
    """Submit coverage selections request."""

    coverage_selections: list[PlanCoverageOptionSelectionRequest]


class EnrolmentsPage(Page):
    """The query of the list of enrolment intents."""

    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, states(*STATES)] = None
