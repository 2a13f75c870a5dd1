"""Request and query models of policy import intents."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.imports.logic import STATES
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import EmployeeId, GroupId, PersonId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class CreatePolicyImportIntentAssociatedPersonRequest(RequestModel):
    """An item of the member `associated_persons` of CreatePolicyImportIntentRequest: a dependent on the policy."""

    associated_person_id: PersonId
    member_number: str | None = None
    start_date: DateText | None = None
    end_date: DateText | None = None


class CreatePolicyImportIntentRequest(RequestModel):
    """The policy to import: employee, group, numbers, dates and dependents."""

    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: DateText
    policy_end_date: DateText | None = None
    associated_persons: list[CreatePolicyImportIntentAssociatedPersonRequest] | None = None


class ImportsQuery(PageQuery):
    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None
