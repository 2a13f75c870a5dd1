"""What answers show of policy import intents."""

from __future__ import annotations

from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import Day, Uuid
from mockserver.providers.kota.values.terms import EmployeeId, GroupId, ImportId, PersonId, PolicyImportIntentStatus


class PolicyImportIntentAssociatedPersonResponse(Shown):
    """Policy import intent associated person response."""

    id: Uuid
    associated_person_id: PersonId
    member_number: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


class PolicyImportIntentResponse(Shown):
    """Policy import intent response."""

    id: ImportId
    object: str | None = None
    status: PolicyImportIntentStatus
    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: Day
    policy_end_date: Day | None = None
    associated_persons: list[PolicyImportIntentAssociatedPersonResponse]


PolicyImportIntentResponsePagedList = paged(PolicyImportIntentResponse)
