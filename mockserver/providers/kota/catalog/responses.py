"""Response models of providers and plans."""

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
    """A text that must be disclosed about a plan."""

    category: DisclosureCategory
    type: DisclosureType
    text: str


class Range(ResponseModel):
    """Inclusive limits; null means no limit."""

    min: int | None = None
    max: int | None = None


class AgeRangeDetails(Range):
    """The ages that a plan covers, inclusive."""


class EmployeesCountDetails(Range):
    """The number of employees that a plan accepts, inclusive."""


class MembersCountDetails(Range):
    """The number of members that a plan accepts, inclusive."""


class IndustryExclusionsDetails(ResponseModel):
    """The industries whose employers a plan excludes."""

    excluded_industries: list[str]


class EmployerEligibilityCriterionResponse(ResponseModel):
    """A criterion for employers; the member that the type names has the details."""

    type: EmployerEligibilityCriterionType
    description: str
    employees_count: EmployeesCountDetails | None = None
    members_count: MembersCountDetails | None = None
    industry_exclusions: IndustryExclusionsDetails | None = None


class EmployeeEligibilityCriterionResponse(ResponseModel):
    """A criterion for employees; the member that the type names has the details."""

    type: EmployeeEligibilityCriterionType
    description: str
    age_range: AgeRangeDetails | None = None


class MemberTypePricingResponse(ResponseModel):
    """The monthly premium of one member type."""

    code: MemberTypeCode
    display_name: str
    monthly_premium: float


class PerMemberPricingResponse(ResponseModel):
    """Prices per member, by member type."""

    currency: Currency
    member_type_pricing: list[MemberTypePricingResponse]


class PricingTierResponse(ResponseModel):
    """The price of a family whose composition matches the tier."""

    code: FamilyTierCode
    display_name: str
    monthly_premium: float
    annual_premium: float
    display_dependent_requirements: str


class TierBasedPricingResponse(ResponseModel):
    """Prices per family, by its composition."""

    currency: Currency
    tiers: list[PricingTierResponse]


class PlanPricingResponse(ResponseModel):
    """The prices of a plan, per member or per family."""

    type: PlanPricingType
    per_member: PerMemberPricingResponse | None = None
    tier_based: TierBasedPricingResponse | None = None


class PlanCoverageOptionBenefitResponse(ResponseModel):
    """A benefit that an option includes."""

    name: str
    description: str | None = None


class PlanCoverageOptionResponse(ResponseModel):
    """An option that can be selected, with its monthly price."""

    id: OptionId
    name: str
    description: str | None = None
    learn_more_url: str | None = None
    from_price: float | None = None
    benefits: list[PlanCoverageOptionBenefitResponse] | None = None
    sub_options: list[PlanCoverageOptionResponse] | None = None
    eligibility_criteria: list[EmployerEligibilityCriterionResponse] | None = None


class PlanCoverageResponse(ResponseModel):
    """A coverage configuration: options to select for a group policy, a policy or a member."""

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
    """A document about a plan."""

    type: PlanDocumentType | None = None
    title: str
    link: str


class PlanProviderResponse(ResponseModel):
    """The insurer of a plan."""

    id: ProviderId
    name: str
    description: str
    logo_url: str


class PlanHealthInsuranceResponse(ResponseModel):
    """The health insurance of a plan: cost sharing, member types and prices."""

    health_insurance_type: HealthInsuranceType
    supported_cost_sharing_options: list[CostSharingOption]
    supported_member_types: list[MemberType]
    pricing: PlanPricingResponse


class PlanResponse(ResponseModel):
    """A plan; the counts are null unless the query names a group and a start date."""

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
    """An insurer and the countries it supports."""

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
