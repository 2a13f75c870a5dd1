"""What the operations on requirements take."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import RequirementObjectType
from mockserver.providers.kota.wire.lists import Page


class AnswersRequest(Given):
    """Answers by the ids of their fields."""

    answers: dict[str, Any]


class RequirementsPage(Page):
    """The query of an intent's list of requirements."""

    object_type: RequirementObjectType | None = None
    object_id: str | None = None
