"""Response models that several subjects share: plans, providers, selected options and cost sharing."""

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
    """The member `plan` of policies and of planned enrolments: a plan, with its currency and documents."""

    id: PlanId
    name: str
    description: str
    currency: Currency
    documents: list[PlanDocumentResponse]


class PolicyProviderResponse(ResponseModel):
    """The member `provider` of policies and of planned enrolments: an insurer, with its portals."""

    id: ProviderId
    name: str
    description: str
    logo_url: str
    employer_portal_url: str | None = None
    employee_portal_url: str | None = None
    support_phone_number: str | None = None


class SelectedOptionResponse(ResponseModel):
    """An item of the member `options` of PlanCoverageOptionSelectionResponse: a selected option."""

    option_id: OptionId
    sub_options: list[SelectedOptionResponse] | None = None


class PlanCoverageOptionSelectionResponse(ResponseModel):
    """An item of the member `coverage_selections`: the selected options of one coverage configuration."""

    configuration_id: CoverageId
    options: list[SelectedOptionResponse]


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(ResponseModel):
    """The member `family_type` of cost sharing: the employer pays for the members of that type."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(ResponseModel):
    """The member `member_count` of cost sharing: how many adults and children the employer pays for."""

    adults: int
    children: int


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(ResponseModel):
    """The member `member_selection` of cost sharing: whether the employer pays for partner and children."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(ResponseModel):
    """The member `percentage` of cost sharing: the part of the premium that the employer pays."""

    percentage: int


class HealthInsuranceCostSharingConfigurationResponse(ResponseModel):
    """The member `cost_sharing`: how both sides share the cost; only the member named by `type` has a value."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None


class CoverConfiguration(ResponseModel):
    """The base of the member `configuration` of policies and group policies."""

    cost_sharing: HealthInsuranceCostSharingConfigurationResponse


class HealthInsurancePolicyConfigurationResponse(CoverConfiguration):
    """The member `configuration` of an employee's policy: how employer and employee share the cost."""


class GrossEstimationAmount(ResponseModel):
    """The base of the members `monthly` and `term` of an estimated gross premium."""

    employee_contribution: float
    employer_contribution: float
    total: float
