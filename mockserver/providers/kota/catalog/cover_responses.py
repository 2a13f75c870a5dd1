"""What answers show of cover: the plan and its provider, what was selected, who pays how much of it."""

from __future__ import annotations

from mockserver.providers.kota.catalog.responses import PlanDocumentResponse
from mockserver.providers.kota.values.fields import Currency
from mockserver.providers.kota.values.ids_and_enums import (
    CoverageId,
    HealthInsuranceCostSharingType,
    HealthInsuranceFamilyCostSharingType,
    OptionId,
    PlanId,
    ProviderId,
)
from mockserver.providers.kota.values.responses import ResponseModel


class PolicyPlanResponse(ResponseModel):
    """Policy plan response."""

    id: PlanId
    name: str
    description: str
    currency: Currency
    documents: list[PlanDocumentResponse]


class PolicyProviderResponse(ResponseModel):
    """Policy provider response."""

    id: ProviderId
    name: str
    description: str
    logo_url: str
    employer_portal_url: str | None = None
    employee_portal_url: str | None = None
    support_phone_number: str | None = None


class SelectedOptionResponse(ResponseModel):
    """Selected option response."""

    option_id: OptionId
    sub_options: list[SelectedOptionResponse] | None = None


class PlanCoverageOptionSelectionResponse(ResponseModel):
    """Plan coverage option selection response."""

    configuration_id: CoverageId
    options: list[SelectedOptionResponse]


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(ResponseModel):
    """Health insurance family type cost sharing configuration response."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(ResponseModel):
    """Health insurance member count cost sharing configuration response."""

    adults: int
    children: int


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(ResponseModel):
    """Health insurance member selection cost sharing configuration response."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(ResponseModel):
    """Health insurance percentage cost sharing configuration response."""

    percentage: int


class HealthInsuranceCostSharingConfigurationResponse(ResponseModel):
    """Health insurance cost sharing configuration response."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None


class CoverConfiguration(ResponseModel):
    """How the cost of cover is shared."""

    cost_sharing: HealthInsuranceCostSharingConfigurationResponse


class HealthInsurancePolicyConfigurationResponse(CoverConfiguration):
    """Health insurance policy configuration response."""


class GrossEstimationAmount(ResponseModel):
    """What employee and employer pay, and both together."""

    employee_contribution: float
    employer_contribution: float
    total: float
