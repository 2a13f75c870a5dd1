"""Request and query models of requirements."""

from __future__ import annotations

from typing import Any

from mockserver.providers.kota.values.ids_and_enums import RequirementObjectType
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery


class AnswersRequest(RequestModel):
    """Answers by field id."""

    answers: dict[str, Any]


class RequirementsPage(PageQuery):
    object_type: RequirementObjectType | None = None
    object_id: str | None = None
