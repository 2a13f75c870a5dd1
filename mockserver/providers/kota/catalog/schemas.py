"""Query models of providers and plans, and request models of selected options and cost sharing."""

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
    """An item of the member `options` of PlanCoverageOptionSelectionRequest: an option to select."""

    option_id: OptionId
    sub_options: list[SelectedOptionRequest] | None = None


class PlanCoverageOptionSelectionRequest(RequestModel):
    """An item of the member `coverage_selections`: the options to select of one coverage configuration."""

    configuration_id: CoverageId
    options: list[SelectedOptionRequest]


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(RequestModel):
    """The member `family_type` of cost sharing: the employer pays for the members of that type."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(RequestModel):
    """The member `member_count` of cost sharing: how many adults and children the employer pays for."""

    adults: int = Field(ge=0)
    children: int = Field(ge=0)


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(RequestModel):
    """The member `member_selection` of cost sharing: whether the employer pays for partner and children."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(RequestModel):
    """The member `percentage` of cost sharing: the part of the premium that the employer pays."""

    percentage: int = Field(ge=0, le=100)


class HealthInsuranceCostSharingConfigurationResponse(RequestModel):
    """The member `cost_sharing`: how both sides share the cost; only the member named by `type` has a value."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None

    @model_validator(mode="after")
    def _fits_type(self) -> HealthInsuranceCostSharingConfigurationResponse:
        members = {name for name in type(self).model_fields if name != "type" and getattr(self, name) is not None}
        # The type policyholder_only has no details.
        wanted = {self.type} - {"policyholder_only"}
        if members != wanted:
            raise ValueError(f"of type {self.type}: send {' and '.join(wanted) or 'nothing'} beside it, nothing else")
        return self


class ProvidersQuery(PageQuery):
    country: Country | None = None


class CountQuery(BaseModel):
    """The parameters for counts of eligible employees: a group, and the day on which cover would begin."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    group_id: GroupId | None = None
    start_date: DateText | None = None


class PlansQuery(CountQuery, PageQuery):
    type: Annotated[str | None, comma_separated_filter("health_insurance")] = None
    provider_id: Annotated[str | None, comma_separated_filter(*(insurer.key for insurer in INSURERS))] = None
    country: Country | None = None
    available_on: DateText | None = None
    sort_by: Literal["premium"] | None = None
    sort_dir: Literal["asc", "desc"] | None = None
