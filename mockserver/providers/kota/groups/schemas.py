"""What the operations on groups and their employees take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.enrolments.schemas import PolicyConfigurationRequest
from mockserver.providers.kota.groups.logic import STATES
from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import EmployeeId, EmployerId
from mockserver.providers.kota.wire.lists import Page, states


class CreateGroupRequest(Given):
    """Create group request."""

    employer_id: EmployerId
    name: str
    description: str | None = None


class UpdateGroupRequest(Given):
    """Update group request."""

    name: str | None = None
    description: str | None = None


class AddEmployeeToGroupRequest(Given):
    """Add employee to group request."""

    employee_id: EmployeeId
    create_enrolment_intents: bool | None = None
    policy_configuration: PolicyConfigurationRequest | None = None


class CheckGroupEligibilityRequest(Given):
    """Check group eligibility request."""

    employee_id: EmployeeId


class GroupsPage(Page):
    """The query of the list of groups."""

    employer_id: EmployerId | None = None
    status: Annotated[str | None, states(*STATES)] = None


class MembersPage(Page):
    """The query of the list of a group's employees."""

    employee_id: EmployeeId | None = None
