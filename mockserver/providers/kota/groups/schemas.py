"""Request and query models of groups and their employees."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.enrolments.schemas import PolicyConfigurationRequest
from mockserver.providers.kota.groups.logic import STATES
from mockserver.providers.kota.values.ids_and_enums import EmployeeId, EmployerId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class CreateGroupRequest(RequestModel):
    """A new group of an employer."""

    employer_id: EmployerId
    name: str
    description: str | None = None


class UpdateGroupRequest(RequestModel):
    """The fields of a group to change; omitted and null fields keep their values."""

    name: str | None = None
    description: str | None = None


class AddEmployeeToGroupRequest(RequestModel):
    """The employee to add, and whether to create an enrolment intent."""

    employee_id: EmployeeId
    create_enrolment_intents: bool | None = None
    policy_configuration: PolicyConfigurationRequest | None = None


class CheckGroupEligibilityRequest(RequestModel):
    """The employee to check."""

    employee_id: EmployeeId


class GroupsQuery(PageQuery):
    employer_id: EmployerId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None


class GroupEmployeesQuery(PageQuery):
    employee_id: EmployeeId | None = None
