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
    """An item of the member `disclosures` of plans, policies and intents: a text that must be disclosed."""

    category: DisclosureCategory
    type: DisclosureType
    text: str


class Range(ResponseModel):
    """The base of ranges with inclusive limits; null means no limit."""

    min: int | None = None
    max: int | None = None


class AgeRangeDetails(Range):
    """The member `age_range` of EmployeeEligibilityCriterionResponse: the ages of employees that a plan covers."""


class EmployeesCountDetails(Range):
    """The member `employees_count` of EmployerEligibilityCriterionResponse: the number of employees."""


class MembersCountDetails(Range):
    """The member `members_count` of EmployerEligibilityCriterionResponse: the number of insured members."""


class IndustryExclusionsDetails(ResponseModel):
    """The member `industry_exclusions` of EmployerEligibilityCriterionResponse: the excluded industries."""

    excluded_industries: list[str]


class EmployerEligibilityCriterionResponse(ResponseModel):
    """A criterion for employers of a plan or an option; the member named by `type` has the details."""

    type: EmployerEligibilityCriterionType
    description: str
    employees_count: EmployeesCountDetails | None = None
    members_count: MembersCountDetails | None = None
    industry_exclusions: IndustryExclusionsDetails | None = None


class EmployeeEligibilityCriterionResponse(ResponseModel):
    """A criterion for employees of a plan; the member named by `type` has the details."""

    type: EmployeeEligibilityCriterionType
    description: str
    age_range: AgeRangeDetails | None = None


class MemberTypePricingResponse(ResponseModel):
    """An item of the member `member_type_pricing` of PerMemberPricingResponse: the premium of one member type."""

    code: MemberTypeCode
    display_name: str
    monthly_premium: float


class PerMemberPricingResponse(ResponseModel):
    """The member `per_member` of PlanPricingResponse: prices by member type."""

    currency: Currency
    member_type_pricing: list[MemberTypePricingResponse]


class PricingTierResponse(ResponseModel):
    """An item of the member `tiers` of TierBasedPricingResponse: the premium of a family of one composition."""

    code: FamilyTierCode
    display_name: str
    monthly_premium: float
    annual_premium: float
    display_dependent_requirements: str


class TierBasedPricingResponse(ResponseModel):
    """The member `tier_based` of PlanPricingResponse: prices by the composition of the family."""

    currency: Currency
    tiers: list[PricingTierResponse]


class PlanPricingResponse(ResponseModel):
    """The member `pricing` of plans: prices per member or per family."""

    type: PlanPricingType
    per_member: PerMemberPricingResponse | None = None
    tier_based: TierBasedPricingResponse | None = None


class PlanCoverageOptionBenefitResponse(ResponseModel):
    """An item of the member `benefits` of PlanCoverageOptionResponse: a benefit that the option includes."""

    name: str
    description: str | None = None


class PlanCoverageOptionResponse(ResponseModel):
    """An item of the member `options` of PlanCoverageResponse: an option, with its monthly price."""

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
    """An item of the member `documents` of plans: a document about the plan."""

    type: PlanDocumentType | None = None
    title: str
    link: str


class PlanProviderResponse(ResponseModel):
    """The member `provider` of PlanResponse: the insurer."""

    id: ProviderId
    name: str
    description: str
    logo_url: str


class PlanHealthInsuranceResponse(ResponseModel):
    """The member `health_insurance` of PlanResponse: cost sharing, member types and prices."""

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
