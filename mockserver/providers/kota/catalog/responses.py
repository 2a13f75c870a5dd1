"""What answers show of providers and plans."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import Country, Currency, DateText
from mockserver.providers.kota.values.ids_and_enums import (
    BenefitType,
    CostSharingOption,
    CoverageId,
    DisclosureCategory,
    DisclosureType,
    EmployeeEligibilityCriterionType,
    EmployerEligibilityCriterionType,
    FamilyTierCode,
    HealthInsuranceType,
    MemberType,
    MemberTypeCode,
    OptionId,
    PlanCoverageOptionInputType,
    PlanCoverageOptionScope,
    PlanDocumentType,
    PlanId,
    PlanPricingType,
    ProviderId,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model


class DisclosureResponse(ResponseModel):
    """Disclosure response."""

    category: DisclosureCategory
    type: DisclosureType
    text: str


class Range(ResponseModel):
    """The least and the most of something that is counted."""

    min: int | None = None
    max: int | None = None


class AgeRangeDetails(Range):
    """Age range details."""


class EmployeesCountDetails(Range):
    """Employees count details."""


class MembersCountDetails(Range):
    """Members count details."""


class IndustryExclusionsDetails(ResponseModel):
    """Industry exclusions details."""

    excluded_industries: list[str]


class EmployerEligibilityCriterionResponse(ResponseModel):
    """Employer eligibility criterion response."""

    type: EmployerEligibilityCriterionType
    description: str
    employees_count: EmployeesCountDetails | None = None
    members_count: MembersCountDetails | None = None
    industry_exclusions: IndustryExclusionsDetails | None = None


class EmployeeEligibilityCriterionResponse(ResponseModel):
    """Employee eligibility criterion response."""

    type: EmployeeEligibilityCriterionType
    description: str
    age_range: AgeRangeDetails | None = None


class MemberTypePricingResponse(ResponseModel):
    """Member type pricing response."""

    code: MemberTypeCode
    display_name: str
    monthly_premium: float


class PerMemberPricingResponse(ResponseModel):
    """Per member pricing response."""

    currency: Currency
    member_type_pricing: list[MemberTypePricingResponse]


class PricingTierResponse(ResponseModel):
    """Pricing tier response."""

    code: FamilyTierCode
    display_name: str
    monthly_premium: float
    annual_premium: float
    display_dependent_requirements: str


class TierBasedPricingResponse(ResponseModel):
    """Tier based pricing response."""

    currency: Currency
    tiers: list[PricingTierResponse]


class PlanPricingResponse(ResponseModel):
    """Plan pricing response."""

    type: PlanPricingType
    per_member: PerMemberPricingResponse | None = None
    tier_based: TierBasedPricingResponse | None = None


class PlanCoverageOptionBenefitResponse(ResponseModel):
    """Plan coverage option benefit response."""

    name: str
    description: str | None = None


class PlanCoverageOptionResponse(ResponseModel):
    """Plan coverage option response."""

    id: OptionId
    name: str
    description: str | None = None
    learn_more_url: str | None = None
    from_price: float | None = None
    benefits: list[PlanCoverageOptionBenefitResponse] | None = None
    sub_options: list[PlanCoverageOptionResponse] | None = None
    eligibility_criteria: list[EmployerEligibilityCriterionResponse] | None = None


class PlanCoverageResponse(ResponseModel):
    """Plan coverage response."""

    id: CoverageId
    name: str
    description: str | None = None
    scope: PlanCoverageOptionScope
    input_type: PlanCoverageOptionInputType
    required: bool
    min_selections: int | None = None
    max_selections: int | None = None
    sort_order: int | None = None
    group_label: str | None = None
    options: list[PlanCoverageOptionResponse]


class PlanDocumentResponse(ResponseModel):
    """Plan document response."""

    type: PlanDocumentType | None = None
    title: str
    link: str


class PlanProviderResponse(ResponseModel):
    """Plan provider response."""

    id: ProviderId
    name: str
    description: str
    logo_url: str


class PlanHealthInsuranceResponse(ResponseModel):
    """Plan health insurance response."""

    health_insurance_type: HealthInsuranceType
    supported_cost_sharing_options: list[CostSharingOption]
    supported_member_types: list[MemberType]
    pricing: PlanPricingResponse


class PlanResponse(ResponseModel):
    """Plan response."""

    object: str | None = None
    id: PlanId
    type: BenefitType
    name: str
    description: str
    country: Country
    provider: PlanProviderResponse
    documents: list[PlanDocumentResponse]
    employer_eligibility_criteria: list[EmployerEligibilityCriterionResponse]
    employee_eligibility_criteria: list[EmployeeEligibilityCriterionResponse]
    health_insurance: PlanHealthInsuranceResponse | None = None
    disclosures: list[DisclosureResponse]
    available_from: DateText
    available_to: DateText | None = None
    coverage_options: list[PlanCoverageResponse] | None = None
    eligible_count: int | None = None
    ineligible_count: int | None = None
    total_count: int | None = None


class ProviderResponse(ResponseModel):
    """Provider response."""

    object: str | None = None
    id: ProviderId
    name: str
    description: str
    website_url: str
    logo_url: str
    employer_platform_url: str | None = None
    kota_hub_url: str | None = None
    support_phone: str
    supported_countries: list[Country]


PlanResponsePagedList = paged_list_model(PlanResponse)
ProviderResponsePagedList = paged_list_model(ProviderResponse)
