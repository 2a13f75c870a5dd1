"""What the operations on groups and their employees take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.enrolments.schemas import PolicyConfigurationRequest
from mockserver.providers.kota.groups.logic import STATES
from mockserver.providers.kota.values.ids_and_enums import EmployeeId, EmployerId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class CreateGroupRequest(RequestModel):
    """Create group request."""

    employer_id: EmployerId
    name: str
    description: str | None = None


class UpdateGroupRequest(RequestModel):
    """Update group request."""

    name: str | None = None
    description: str | None = None


class AddEmployeeToGroupRequest(RequestModel):
    """Add employee to group request."""

    employee_id: EmployeeId
    create_enrolment_intents: bool | None = None
    policy_configuration: PolicyConfigurationRequest | None = None


class CheckGroupEligibilityRequest(RequestModel):
    """Check group eligibility request."""

    employee_id: EmployeeId


class GroupsQuery(PageQuery):
    """The query of the list of groups."""

    employer_id: EmployerId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None


class MembersQuery(PageQuery):
    """The query of the list of a group's employees."""

    employee_id: EmployeeId | None = None
