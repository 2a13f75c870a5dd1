"""Response models that several subjects share: plan, provider, selected options, cost sharing."""

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
    """The plan of a policy, with its currency and documents."""

    id: PlanId
    name: str
    description: str
    currency: Currency
    documents: list[PlanDocumentResponse]


class PolicyProviderResponse(ResponseModel):
    """The insurer of a policy, with its portals."""

    id: ProviderId
    name: str
    description: str
    logo_url: str
    employer_portal_url: str | None = None
    employee_portal_url: str | None = None
    support_phone_number: str | None = None


class SelectedOptionResponse(ResponseModel):
    """A selected option, with its selected sub-options."""

    option_id: OptionId
    sub_options: list[SelectedOptionResponse] | None = None


class PlanCoverageOptionSelectionResponse(ResponseModel):
    """The options selected of one coverage configuration."""

    configuration_id: CoverageId
    options: list[SelectedOptionResponse]


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(ResponseModel):
    """Cost sharing by family type: the employer pays for the members of that type."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(ResponseModel):
    """Cost sharing by number: how many adults and children the employer pays for."""

    adults: int
    children: int


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(ResponseModel):
    """Cost sharing by relation: whether the employer pays for partner and children."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(ResponseModel):
    """Cost sharing by percentage: the part of the premium that the employer pays."""

    percentage: int


class HealthInsuranceCostSharingConfigurationResponse(ResponseModel):
    """How employer and employee share the cost; only the member that the type names has details."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None


class CoverConfiguration(ResponseModel):
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse


class HealthInsurancePolicyConfigurationResponse(CoverConfiguration):
    """How the cost of a policy is shared."""


class GrossEstimationAmount(ResponseModel):
    employee_contribution: float
    employer_contribution: float
    total: float
