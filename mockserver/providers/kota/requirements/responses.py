"""Response models of requirements, and the base models of intents that have requirements."""

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
    """The form of a requirement; its default values are the answers so far."""

    is_fulfilled: bool
    fulfilled_at: DateTimeText | None = None
    form: dict[str, Any] | None = Field(default=None, alias="schema")


class RequirementAnsweredResponse(ResponseModel):
    """The state of a requirement after new answers, and the fields that still need an answer."""

    status: Literal["pending", "in_progress", "fulfilled"]
    outstanding_fields: list[str] | None = None
    form: dict[str, Any] = Field(alias="schema")


class IntentRequirement(ResponseModel):
    """The base of the requirements in lists, one subclass for each kind of intent."""

    id: RequirementId
    object_type: RequirementObjectType
    object_id: str
    is_fulfilled: bool
    requirement_type: RequirementType
    object: str | None = None


class IntentActionRequired(ResponseModel):
    """The base of the member `action_required` of intents."""

    code: IntentActionType
    reason: str
    reason_description: str
    due_by: DateTimeText
