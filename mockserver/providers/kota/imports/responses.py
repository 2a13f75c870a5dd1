"""Response models of policy import intents."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import DateText, Uuid
from mockserver.providers.kota.values.ids_and_enums import (
    EmployeeId,
    GroupId,
    ImportId,
    PersonId,
    PolicyImportIntentStatus,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class PolicyImportIntentAssociatedPersonResponse(ResponseModel):
    """An item of the member `associated_persons` of PolicyImportIntentResponse: a dependent on the policy."""

    id: Uuid
    associated_person_id: PersonId
    member_number: str | None = None
    start_date: DateText | None = None
    end_date: DateText | None = None


class PolicyImportIntentResponse(ResponseModel):
    """The import of a policy that already exists at the insurer."""

    id: ImportId
    object: str | None = None
    status: PolicyImportIntentStatus
    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: DateText
    policy_end_date: DateText | None = None
    associated_persons: list[PolicyImportIntentAssociatedPersonResponse]


PolicyImportIntentResponsePagedList = paged_list_model(PolicyImportIntentResponse)
