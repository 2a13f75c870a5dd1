"""Request models of dependents management intents."""

from __future__ import annotations

from pydantic import Field

from mockserver.providers.kota.catalog.schemas import PlanCoverageOptionSelectionRequest
from mockserver.providers.kota.values.ids_and_enums import PersonId
from mockserver.providers.kota.values.schemas import RequestModel


class DependentCoverageSelectionsRequest(RequestModel):
    """An item of the member `dependent_coverage_selections` of AddDependentsRequest: the options of one dependent."""

    associated_person_id: PersonId
    coverage_selections: list[PlanCoverageOptionSelectionRequest]


class AddDependentsRequest(RequestModel):
    """The associated persons to add to the list, with their options."""

    associated_person_ids: list[PersonId] = Field(min_length=1)
    dependent_coverage_selections: list[DependentCoverageSelectionsRequest] | None = None
