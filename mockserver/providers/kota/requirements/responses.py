"""What answers show of requirements, and of the intents that wait for them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.values.ids_and_enums import (
    IntentActionType,
    RequirementId,
    RequirementObjectType,
    RequirementType,
)
from mockserver.providers.kota.values.responses import ResponseModel


class RequirementResponse(ResponseModel):
    """Requirement response."""

    is_fulfilled: bool
    fulfilled_at: DateTimeText | None = None
    form: dict[str, Any] | None = Field(default=None, alias="schema")


class RequirementAnsweredResponse(ResponseModel):
    """Requirement answered response."""

    status: Literal["pending", "in_progress", "fulfilled"]
    outstanding_fields: list[str] | None = None
    form: dict[str, Any] = Field(alias="schema")


class IntentRequirement(ResponseModel):
    """A requirement in the list of what an intent requires, whichever kind of intent it is."""

    id: RequirementId
    object_type: RequirementObjectType
    object_id: str
    is_fulfilled: bool
    requirement_type: RequirementType
    object: str | None = None


class IntentActionRequired(ResponseModel):
    """What has to be done before an intent goes on, whichever kind of intent it is."""

    code: IntentActionType
    reason: str
    reason_description: str
    due_by: DateTimeText
