"""What the operations on requirements take."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.ids_and_enums import RequirementObjectType
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery


class AnswersRequest(RequestModel):
    """Answers by the ids of their fields."""

    answers: dict[str, Any]


class RequirementsPage(PageQuery):
    """The query of an intent's list of requirements."""

    object_type: RequirementObjectType | None = None
    object_id: str | None = None
