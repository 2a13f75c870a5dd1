"""What the operations on policy import intents take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.imports.logic import STATES
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import EmployeeId, GroupId, PersonId
from mockserver.providers.kota.wire.lists import Page, states


class CreatePolicyImportIntentAssociatedPersonRequest(Given):
    """Create policy import intent associated person request."""

    associated_person_id: PersonId
    member_number: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


class CreatePolicyImportIntentRequest(Given):
    """Create policy import intent request."""

    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: Day
    policy_end_date: Day | None = None
    associated_persons: list[CreatePolicyImportIntentAssociatedPersonRequest] | None = None


class ImportsPage(Page):
    """The query of the list of policy import intents."""

    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, states(*STATES)] = None
