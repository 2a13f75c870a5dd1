"""What is asked of plans, and what bodies say of coverage and of sharing its cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mockserver.providers.kota.catalog.tables import INSURERS
from mockserver.providers.kota.values.fields import Country, DateText
from mockserver.providers.kota.values.ids_and_enums import (
    CoverageId,
    GroupId,
    HealthInsuranceCostSharingType,
    HealthInsuranceFamilyCostSharingType,
    OptionId,
)
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class SelectedOptionRequest(RequestModel):
    """Selected option request."""

    option_id: OptionId
    sub_options: list[SelectedOptionRequest] | None = None


class PlanCoverageOptionSelectionRequest(RequestModel):
    """Plan coverage option selection request."""

    configuration_id: CoverageId
    options: list[SelectedOptionRequest]


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(RequestModel):
    """Health insurance family type cost sharing configuration response."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(RequestModel):
    """Health insurance member count cost sharing configuration response."""

    adults: int = Field(ge=0)
    children: int = Field(ge=0)


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(RequestModel):
    """Health insurance member selection cost sharing configuration response."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(RequestModel):
    """Health insurance percentage cost sharing configuration response."""

    percentage: int = Field(ge=0, le=100)


class HealthInsuranceCostSharingConfigurationResponse(RequestModel):
    """Health insurance cost sharing configuration response."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None

    @model_validator(mode="after")
    def _fits_type(self) -> HealthInsuranceCostSharingConfigurationResponse:
        given = {name for name in type(self).model_fields if name != "type" and getattr(self, name) is not None}
        wanted = {self.type} - {"policyholder_only"}
        if given != wanted:
            raise ValueError(f"of type {self.type}: send {' and '.join(wanted) or 'nothing'} beside it, nothing else")
        return self


class ProvidersQuery(PageQuery):
    """The query of the list of providers."""

    country: Country | None = None


class CountQuery(BaseModel):
    """What a plan is counted for: the employees of a group, if their cover began on a day."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    group_id: GroupId | None = None
    start_date: DateText | None = None


class PlansQuery(CountQuery, PageQuery):
    """The query of the list of plans."""

    type: Annotated[str | None, comma_separated_filter("health_insurance")] = None
    provider_id: Annotated[str | None, comma_separated_filter(*(insurer.key for insurer in INSURERS))] = None
    country: Country | None = None
    available_on: DateText | None = None
    sort_by: Literal["premium"] | None = None
    sort_dir: Literal["asc", "desc"] | None = None
