"""What Kota's answers show, field by field."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from mockserver.providers.kota.employers.schemas import ContactModel
from mockserver.providers.kota.values.fields import At, Country, Currency, Day, Metadata, Uuid
from mockserver.providers.kota.values.schemas import AddressModel
from mockserver.providers.kota.values.terms import (
    AmendmentId,
    AmendmentReasonType,
    AssociatedPersonType,
    BenefitType,
    BundlingType,
    ConsentType,
    ContributionReportStatus,
    CostSharingOption,
    CoverageId,
    DeliveryId,
    DependentsIntentId,
    DependentsManagementIntentActionCode,
    DependentsManagementIntentDependentStatus,
    DependentsManagementIntentParentType,
    DependentsManagementIntentStatus,
    DependentStatus,
    DisclosureCategory,
    DisclosureType,
    EligibilityStatus,
    EmployeeEligibilityCriterionType,
    EmployeeHealthInsuranceOfferStatus,
    EmployeeHealthInsurancePolicyStatus,
    EmployeeId,
    EmployeePolicyId,
    EmployeeStatus,
    EmployerEligibilityCriterionType,
    EmployerHealthInsurancePolicyRenewalStatus,
    EmployerHealthInsurancePolicyStatus,
    EmployerHealthInsuranceQuoteStatus,
    EmployerId,
    EmployerPolicyId,
    EmployerQuoteId,
    EmployerStatus,
    EndpointId,
    EnrolmentId,
    EnrolmentIntentConfirmationType,
    EnrolmentIntentIneligibilityReasonCode,
    EnrolmentIntentStatus,
    EnrolmentStatus,
    EnrolmentType,
    EntryId,
    EventId,
    FamilyTierCode,
    GroupEnrolmentType,
    GroupId,
    GroupPolicyId,
    GroupPolicyIntentStatus,
    GroupPolicyStatus,
    GroupQuoteIntentStatus,
    GroupStatus,
    GroupType,
    HealthInsuranceContributionCategory,
    HealthInsuranceContributionMemberType,
    HealthInsuranceContributionType,
    HealthInsuranceCostSharingType,
    HealthInsuranceFamilyCostSharingType,
    HealthInsurancePolicyRenewalStatus,
    HealthInsuranceType,
    ImportId,
    IntentActionType,
    MemberId,
    MemberType,
    MemberTypeCode,
    OfferId,
    OptionId,
    PayFrequency,
    PersonId,
    PlanCoverageOptionInputType,
    PlanCoverageOptionScope,
    PlanDocumentType,
    PlanId,
    PlanPricingType,
    PlatformId,
    PolicyAmendmentActionCode,
    PolicyAmendmentIntentConfirmationCode,
    PolicyAmendmentIntentFailureCode,
    PolicyAmendmentIntentStatus,
    PolicyId,
    PolicyImportIntentStatus,
    PolicyIntentId,
    PolicyStatus,
    PolicyType,
    ProviderId,
    QualifyingLifeEventType,
    QuoteIntentId,
    RelationshipType,
    ReportId,
    RequestedChangeType,
    RequirementId,
    RequirementObjectType,
    RequirementType,
    SalaryId,
    SexAtBirth,
)


class Shown(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class AgeRangeDetails(Shown):
    """Age range details."""

    min: int | None = None
    max: int | None = None


class AssociatedPersonEligibilityResponse(Shown):
    """Associated person eligibility response."""

    associated_person_id: PersonId
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    relationship: RelationshipType
    eligibility_status: EligibilityStatus
    ineligibility_reason: str | None = None
    object: str | None = None


class AssociatedPersonResponse(Shown):
    """Associated person response."""

    id: PersonId
    platform_id: PlatformId | None = None
    employee_id: EmployeeId
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    relationship_type: RelationshipType
    email: str | None = None
    phone_number: str | None = None
    object: str | None = None


class ConsentLinkResponse(Shown):
    """Consent link response."""

    type: ConsentType
    url: str
    version: str


class GetEmployeeBreakdownPeriod(Shown):
    """Get employee breakdown period."""

    from_date: Day
    to_date: Day


class GetEmployeeBreakdownContribution(Shown):
    """Get employee breakdown contribution."""

    id: EntryId
    category: HealthInsuranceContributionCategory
    member_type: HealthInsuranceContributionMemberType
    adjustment: bool
    adjustment_for: EntryId | None = None
    amount: float
    type: HealthInsuranceContributionType
    note: str | None = None
    cover_period: GetEmployeeBreakdownPeriod
    policy_id: PolicyId
    employee_policy_id: EmployeePolicyId
    reporting_month: Day


class GetEmployeeBreakdownHealthInsurance(Shown):
    """Get employee breakdown health insurance."""

    employer_contributions: list[GetEmployeeBreakdownContribution]
    employee_contributions: list[GetEmployeeBreakdownContribution]


class ContributionReportEmployeeBreakdownResponse(Shown):
    """Contribution report employee breakdown response."""

    object: str | None = None
    employee_id: EmployeeId
    contribution_report_id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetEmployeeBreakdownPeriod
    currency: Currency
    status: ContributionReportStatus
    finalized_at: At | None = None
    created_at: At
    last_updated_at: At
    health_insurance: GetEmployeeBreakdownHealthInsurance


class GetContributionReportPeriod(Shown):
    """Get contribution report period."""

    from_date: Day
    to_date: Day


class ContributionReportResponse(Shown):
    """Contribution report response."""

    object: str | None = None
    id: ReportId
    employer_id: EmployerId
    external_customer_id: str | None = None
    period: GetContributionReportPeriod
    status: ContributionReportStatus
    finalized_at: At | None = None
    created_at: At
    last_updated_at: At


class CreateHostedSessionTokenResponse(Shown):
    """Create hosted session token response."""

    link: str
    expiry: At


class CreateSessionTokenResponse(Shown):
    """Create session token response."""

    token: str
    expiry: At


class SelectedOptionResponse(Shown):
    """Selected option response."""

    option_id: OptionId
    sub_options: list[SelectedOptionResponse] | None = None


class PlanCoverageOptionSelectionResponse(Shown):
    """Plan coverage option selection response."""

    configuration_id: CoverageId
    options: list[SelectedOptionResponse]


class DependentInfoResponse(Shown):
    """Dependent info response."""

    associated_person_id: PersonId
    status: DependentsManagementIntentDependentStatus
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None
    requirement_id: RequirementId | None = None


class DependentsManagementIntentActionRequiredResponse(Shown):
    """Dependents management intent action required response."""

    code: DependentsManagementIntentActionCode
    reason: str
    reason_description: str
    due_by: At


class DisclosureResponse(Shown):
    """Disclosure response."""

    category: DisclosureCategory
    type: DisclosureType
    text: str


class EmployeesCountDetails(Shown):
    """Employees count details."""

    min: int | None = None
    max: int | None = None


class IndustryExclusionsDetails(Shown):
    """Industry exclusions details."""

    excluded_industries: list[str]


class MembersCountDetails(Shown):
    """Members count details."""

    min: int | None = None
    max: int | None = None


class EmployerEligibilityCriterionResponse(Shown):
    """Employer eligibility criterion response."""

    type: EmployerEligibilityCriterionType
    description: str
    employees_count: EmployeesCountDetails | None = None
    members_count: MembersCountDetails | None = None
    industry_exclusions: IndustryExclusionsDetails | None = None


class MemberTypePricingResponse(Shown):
    """Member type pricing response."""

    code: MemberTypeCode
    display_name: str
    monthly_premium: float


class PerMemberPricingResponse(Shown):
    """Per member pricing response."""

    currency: Currency
    member_type_pricing: list[MemberTypePricingResponse]


class PlanCoverageOptionBenefitResponse(Shown):
    """Plan coverage option benefit response."""

    name: str
    description: str | None = None


class PlanCoverageOptionResponse(Shown):
    """Plan coverage option response."""

    id: OptionId
    name: str
    description: str | None = None
    learn_more_url: str | None = None
    from_price: float | None = None
    benefits: list[PlanCoverageOptionBenefitResponse] | None = None
    sub_options: list[PlanCoverageOptionResponse] | None = None
    eligibility_criteria: list[EmployerEligibilityCriterionResponse] | None = None


class PlanCoverageResponse(Shown):
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


class PricingTierResponse(Shown):
    """Pricing tier response."""

    code: FamilyTierCode
    display_name: str
    monthly_premium: float
    annual_premium: float
    display_dependent_requirements: str


class TierBasedPricingResponse(Shown):
    """Tier based pricing response."""

    currency: Currency
    tiers: list[PricingTierResponse]


class PlanPricingResponse(Shown):
    """Plan pricing response."""

    type: PlanPricingType
    per_member: PerMemberPricingResponse | None = None
    tier_based: TierBasedPricingResponse | None = None


class PlanWithPricingResponse(Shown):
    """Plan with pricing response."""

    id: PlanId
    name: str
    description: str
    pricing: PlanPricingResponse


class DependentsManagementIntentResponse(Shown):
    """Dependents management intent response."""

    id: DependentsIntentId
    object: str | None = None
    parent_intent_id: str
    parent_intent_type: DependentsManagementIntentParentType
    status: DependentsManagementIntentStatus
    dependents: list[DependentInfoResponse]
    plan: PlanWithPricingResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    disclosures: list[DisclosureResponse]
    action_required: DependentsManagementIntentActionRequiredResponse | None = None


class EligibilityCheckPlanResponse(Shown):
    """Eligibility check plan response."""

    id: PlanId
    name: str
    description: str


class EligibilityCheckReasonResponse(Shown):
    """Eligibility check reason response."""

    code: str
    message: str


class PlanProviderResponse(Shown):
    """Plan provider response."""

    id: ProviderId
    name: str
    description: str
    logo_url: str


class EligibilityCheckResponse(Shown):
    """Eligibility check response."""

    object: str | None = None
    eligibility_status: EligibilityStatus
    reasons: list[EligibilityCheckReasonResponse]
    provider: PlanProviderResponse
    plan: EligibilityCheckPlanResponse


class EmployeeBankAccount(Shown):
    """Employee bank account."""

    account_number_last4: str


class EmployeeEligibilityCriterionResponse(Shown):
    """Employee eligibility criterion response."""

    type: EmployeeEligibilityCriterionType
    description: str
    age_range: AgeRangeDetails | None = None


class HealthInsuranceCoverageLevelDocumentResponse(Shown):
    """Health insurance coverage level document response."""

    title: str
    link: str


class HealthInsuranceCoverageLevelResponse(Shown):
    """Health insurance coverage level response."""

    plan_id: PlanId
    plan_name: str
    plan_currency: Currency
    provider_name: str
    provider_logo_url: str
    provider_employer_platform_url: str | None = None
    provider_support_phone: str | None = None
    documents: list[HealthInsuranceCoverageLevelDocumentResponse]


class HealthInsuranceRequiredActionResponse(Shown):
    """Health insurance required action response."""

    reason: str
    reason_description: str
    code: str
    due_at: Day


class EmployeeHealthInsuranceOfferResponse(Shown):
    """Employee health insurance offer response."""

    object: str | None = None
    id: OfferId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    status: EmployeeHealthInsuranceOfferStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_level: HealthInsuranceCoverageLevelResponse


class EmployeeHealthPolicyRenewal(Shown):
    """Employee health policy renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    decision_confirmed: bool
    renewed_health_insurance_id: EmployeePolicyId | None = None


class HealthInsuranceGrossEstimationAmountResponse(Shown):
    """Health insurance gross estimation amount response."""

    employee_contribution: float
    employer_contribution: float
    total: float


class HealthInsuranceEstimatedGrossPremiumResponse(Shown):
    """Health insurance estimated gross premium response."""

    currency: Currency
    monthly: HealthInsuranceGrossEstimationAmountResponse
    term: HealthInsuranceGrossEstimationAmountResponse


class EmployeeHealthInsurancePolicyResponse(Shown):
    """Employee health insurance policy response."""

    object: str | None = None
    id: EmployeePolicyId
    employer_id: EmployerId
    employee_id: EmployeeId
    external_customer_id: str | None = None
    start_date: Day
    end_date: Day
    cancellation_date: Day | None = None
    policy_number: str | None = None
    status: EmployeeHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: EmployeeHealthPolicyRenewal
    opt_out_deadline_date: Day
    coverage_level: HealthInsuranceCoverageLevelResponse
    enrolled_dependants_count: int
    estimated_gross_premium: HealthInsuranceEstimatedGrossPremiumResponse


class EmployeeResponse(Shown):
    """Employee response."""

    platform_id: PlatformId | None = None
    id: EmployeeId | None = None
    employer_id: EmployerId | None = None
    status: EmployeeStatus | None = None
    external_customer_id: str | None = None
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    home_address: AddressModel | None = None
    nationality: Country | None = None
    national_tax_id: str
    start_on: Day | None = None
    earliest_benefits_start_date: Day | None = None
    phone_number: str
    email: str
    offboard_on: At | None = None
    bank_account: EmployeeBankAccount | None = None
    metadata: Metadata | None = None
    object: str | None = None


class GetEmployerHealthPolicyRenewal(Shown):
    """Get employer health policy renewal."""

    status: EmployerHealthInsurancePolicyRenewalStatus
    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    decision_confirmed: bool
    renewed_health_insurance_id: EmployerPolicyId | None = None


class EmployerHealthInsurancePolicyResponse(Shown):
    """Employer health insurance policy response."""

    object: str | None = None
    id: EmployerPolicyId
    employer_id: EmployerId
    start_date: Day
    end_date: Day
    cancellation_date: Day | None = None
    group_policy_number: str | None = None
    status: EmployerHealthInsurancePolicyStatus
    enrolment_type: EnrolmentType
    renewal: GetEmployerHealthPolicyRenewal
    employer_cancellation_period_length: int
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


class EmployerHealthInsuranceQuoteResponse(Shown):
    """Employer health insurance quote response."""

    object: str | None = None
    id: EmployerQuoteId
    employer_id: EmployerId
    quoted_at: At
    status: EmployerHealthInsuranceQuoteStatus
    required_action: HealthInsuranceRequiredActionResponse | None = None
    coverage_levels: list[HealthInsuranceCoverageLevelResponse]


class EmployerResponse(Shown):
    """Employer response."""

    id: EmployerId
    platform_id: PlatformId | None = None
    status: EmployerStatus | None = None
    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    offboard_on: At | None = None
    earliest_benefits_start_date: Day | None = None
    metadata: Metadata | None = None
    object: str | None = None


class EnrolmentIntentActionRequiredResponse(Shown):
    """Enrolment intent action required response."""

    code: IntentActionType
    reason: str
    reason_description: str
    due_by: At


class EnrolmentIntentDependentResponse(Shown):
    """Enrolment intent dependent response."""

    intent_id: DependentsIntentId
    status: DependentStatus


class EnrolmentIntentAssociatedPersonResponse(Shown):
    """Enrolment intent associated person response."""

    optional: bool
    type: AssociatedPersonType
    dependent: EnrolmentIntentDependentResponse | None


class EnrolmentIntentInelgibilityReason(Shown):
    """Enrolment intent inelgibility reason."""

    code: EnrolmentIntentIneligibilityReasonCode
    reason: str


class EnrolmentIntentPendingConfirmationResponse(Shown):
    """Enrolment intent pending confirmation response."""

    due_by: At
    code: EnrolmentIntentConfirmationType
    reason: str
    reason_description: str
    associated_persons: EnrolmentIntentAssociatedPersonResponse | None = None


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(Shown):
    """Health insurance family type cost sharing configuration response."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(Shown):
    """Health insurance member count cost sharing configuration response."""

    adults: int
    children: int


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(Shown):
    """Health insurance member selection cost sharing configuration response."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(Shown):
    """Health insurance percentage cost sharing configuration response."""

    percentage: int


class HealthInsuranceCostSharingConfigurationResponse(Shown):
    """Health insurance cost sharing configuration response."""

    type: HealthInsuranceCostSharingType
    member_count: HealthInsuranceMemberCountCostSharingConfigurationResponse | None = None
    member_selection: HealthInsuranceMemberSelectionCostSharingConfigurationResponse | None = None
    percentage: HealthInsurancePercentageCostSharingConfigurationResponse | None = None
    family_type: HealthInsuranceFamilyTypeCostSharingConfigurationResponse | None = None


class HealthInsurancePolicyConfigurationResponse(Shown):
    """Health insurance policy configuration response."""

    cost_sharing: HealthInsuranceCostSharingConfigurationResponse


class HealthInsuranceEnrolmentIntentResponse(Shown):
    """Health insurance enrolment intent response."""

    configuration: HealthInsurancePolicyConfigurationResponse
    coverage_options: list[PlanCoverageResponse] | None = None
    coverage_selections: list[PlanCoverageOptionSelectionResponse] | None = None


class PlanDocumentResponse(Shown):
    """Plan document response."""

    type: PlanDocumentType | None = None
    title: str
    link: str


class PolicyPlanResponse(Shown):
    """Policy plan response."""

    id: PlanId
    name: str
    description: str
    currency: Currency
    documents: list[PlanDocumentResponse]


class PolicyProviderResponse(Shown):
    """Policy provider response."""

    id: ProviderId
    name: str
    description: str
    logo_url: str
    employer_portal_url: str | None = None
    employee_portal_url: str | None = None
    support_phone_number: str | None = None


class EnrolmentIntentPolicyEnrolmentResponse(Shown):
    """Enrolment intent policy enrolment response."""

    type: PolicyType
    estimated_effective_from: Day
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceEnrolmentIntentResponse | None = None
    id: PolicyId | None = None


class EnrolmentIntentRequirementResponse(Shown):
    """Enrolment intent requirement response."""

    id: RequirementId
    object_type: RequirementObjectType
    object_id: str
    is_fulfilled: bool
    requirement_type: RequirementType
    object: str | None = None


class PolicyConfigurationResponse(Shown):
    """Policy configuration response."""

    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None


class EnrolmentIntentResponse(Shown):
    """Enrolment intent response."""

    id: EnrolmentId
    employee_id: EmployeeId
    group_id: GroupId
    status: EnrolmentIntentStatus
    force_confirmation: bool
    policy_enrolments: list[EnrolmentIntentPolicyEnrolmentResponse]
    object: str | None = None
    ineligibility_reason: EnrolmentIntentInelgibilityReason | None = None
    policy_configuration: PolicyConfigurationResponse | None = None
    action_required: EnrolmentIntentActionRequiredResponse | None = None
    pending_confirmation: EnrolmentIntentPendingConfirmationResponse | None = None
    disclosures: list[DisclosureResponse]


class EnrolmentReference(Shown):
    """Enrolment reference."""

    id: EnrolmentId


class EventResponse(Shown):
    """Event response."""

    id: EventId
    platform_id: PlatformId
    created: At
    type: str
    data: dict[str, Any] | None
    api_version: str | None = None


class PolicyReference(Shown):
    """Policy reference."""

    id: PolicyId


class ScheduledGroupTransitionResponse(Shown):
    """Scheduled group transition response."""

    new_group_id: GroupId
    scheduled_date: Day


class GroupEmployeeResponse(Shown):
    """Group employee response."""

    object: str | None = None
    id: EmployeeId
    group_id: GroupId
    policies: list[PolicyReference]
    enrolments: list[EnrolmentReference]
    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None
    eligibility_status: EligibilityStatus
    enrolment_status: EnrolmentStatus
    scheduled_group_transitions: list[ScheduledGroupTransitionResponse]


class GroupPolicyIntentActionRequiredResponse(Shown):
    """Group policy intent action required response."""

    code: IntentActionType
    reason: str
    reason_description: str
    due_by: At


class GroupPolicyIntentRequirementResponse(Shown):
    """Group policy intent requirement response."""

    id: RequirementId
    object_type: RequirementObjectType
    object_id: str
    is_fulfilled: bool
    requirement_type: RequirementType
    object: str | None = None


class GroupPolicyIntentResponse(Shown):
    """Group policy intent response."""

    id: PolicyIntentId
    group_id: GroupId
    plan_id: PlanId
    quote_intent_id: QuoteIntentId
    status: GroupPolicyIntentStatus
    due_date: At | None = None
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    action_required: GroupPolicyIntentActionRequiredResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


class HealthInsuranceGroupPolicyConfigurationResponse(Shown):
    """Health insurance group policy configuration response."""

    cost_sharing: HealthInsuranceCostSharingConfigurationResponse


class HealthInsurancePolicyRenewalResponse(Shown):
    """Health insurance policy renewal response."""

    renewal_date: Day
    window_start_date: Day
    window_end_date: Day
    status: HealthInsurancePolicyRenewalStatus
    renewed_policy_id: PolicyId | None = None


class HealthInsuranceGroupPolicyResponse(Shown):
    """Health insurance group policy response."""

    group_policy_number: str | None = None
    renewal: HealthInsurancePolicyRenewalResponse
    configuration: HealthInsuranceGroupPolicyConfigurationResponse


class GroupPolicyResponse(Shown):
    """Group policy response."""

    id: GroupPolicyId
    group_id: GroupId | None = None
    employer_id: EmployerId | None = None
    start_date: Day
    end_date: Day | None = None
    cancellation_date: Day | None = None
    status: GroupPolicyStatus
    type: PolicyType
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    health_insurance: HealthInsuranceGroupPolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


class GroupQuoteIntentActionRequiredResponse(Shown):
    """Group quote intent action required response."""

    code: IntentActionType
    reason: str
    reason_description: str
    due_by: At


class GroupQuoteIntentRequirementResponse(Shown):
    """Group quote intent requirement response."""

    id: RequirementId
    object_type: RequirementObjectType
    object_id: str
    is_fulfilled: bool
    requirement_type: RequirementType
    object: str | None = None


class GroupQuoteIntentResponse(Shown):
    """Group quote intent response."""

    id: QuoteIntentId
    group_id: GroupId
    plan_id: PlanId
    status: GroupQuoteIntentStatus
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    expected_start_date: Day | None = None
    action_required: GroupQuoteIntentActionRequiredResponse | None = None
    consent_links: list[ConsentLinkResponse]
    disclosures: list[DisclosureResponse]
    object: str | None = None


class GroupQuoteResponse(Shown):
    """Group quote response."""

    employee_count: int
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse
    total_monthly_premium: float
    currency: str
    pdf_url: str | None = None
    pdf_expires_at: At | None = None
    generated_at: At
    expires_at: At
    object: str | None = None


class GroupResponse(Shown):
    """Group response."""

    id: GroupId
    name: str
    description: str | None = None
    status: GroupStatus
    group_type: GroupType
    enrolment_type: GroupEnrolmentType
    employer_id: EmployerId
    object: str | None = None
    group_policy_ids: list[GroupPolicyId]
    group_quote_intent_ids: list[QuoteIntentId]
    group_policy_intent_ids: list[PolicyIntentId]


class HealthInsurancePolicyGrossEstimationAmountResponse(Shown):
    """Health insurance policy gross estimation amount response."""

    employee_contribution: float
    employer_contribution: float
    total: float


class HealthInsurancePolicyEstimatedGrossPremiumResponse(Shown):
    """Health insurance policy estimated gross premium response."""

    currency: Currency
    monthly: HealthInsurancePolicyGrossEstimationAmountResponse
    term: HealthInsurancePolicyGrossEstimationAmountResponse


class PolicyMemberResponse(Shown):
    """Policy member response."""

    id: MemberId
    member_number: str | None = None
    first_name: str
    last_name: str
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    member_type: MemberType
    associated_person_id: PersonId | None = None


class HealthInsurancePolicyResponse(Shown):
    """Health insurance policy response."""

    policy_number: str | None = None
    opt_out_deadline: Day
    initial_dependents_update_deadline: Day | None
    renewal: HealthInsurancePolicyRenewalResponse
    dependents_supported: bool
    configuration: HealthInsurancePolicyConfigurationResponse
    members: list[PolicyMemberResponse]
    estimated_gross_premium: HealthInsurancePolicyEstimatedGrossPremiumResponse


class PlanHealthInsuranceResponse(Shown):
    """Plan health insurance response."""

    health_insurance_type: HealthInsuranceType
    supported_cost_sharing_options: list[CostSharingOption]
    supported_member_types: list[MemberType]
    pricing: PlanPricingResponse


class PlanResponse(Shown):
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
    available_from: Day
    available_to: Day | None = None
    coverage_options: list[PlanCoverageResponse] | None = None
    eligible_count: int | None = None
    ineligible_count: int | None = None
    total_count: int | None = None


class PolicyAmendmentDependentsResponse(Shown):
    """Policy amendment dependents response."""

    dependents_management_intent_id: DependentsIntentId | None = None
    status: DependentsManagementIntentStatus | None = None


class PolicyAmendmentAssociatedPersonsResponse(Shown):
    """Policy amendment associated persons response."""

    type: AssociatedPersonType
    dependents: PolicyAmendmentDependentsResponse | None = None


class PolicyAmendmentQuoteAmountResponse(Shown):
    """Policy amendment quote amount response."""

    net: float
    tax: float
    gross: float


class PolicyAmendmentQuoteContributionsResponse(Shown):
    """Policy amendment quote contributions response."""

    employee_contribution: PolicyAmendmentQuoteAmountResponse
    employer_contribution: PolicyAmendmentQuoteAmountResponse
    total: PolicyAmendmentQuoteAmountResponse


class PolicyAmendmentQuoteResponse(Shown):
    """Policy amendment quote response."""

    currency: str
    monthly: PolicyAmendmentQuoteContributionsResponse
    term: PolicyAmendmentQuoteContributionsResponse


class PolicyAmendmentPendingConfirmationResponse(Shown):
    """Policy amendment pending confirmation response."""

    code: PolicyAmendmentIntentConfirmationCode
    reason: str
    reason_description: str
    due_by: Day
    quote: PolicyAmendmentQuoteResponse | None = None
    associated_persons: PolicyAmendmentAssociatedPersonsResponse | None = None


class PolicyAmendmentProcessingErrorResponse(Shown):
    """Policy amendment processing error response."""

    code: PolicyAmendmentIntentFailureCode
    reason: str
    reason_description: str


class PolicyAmendmentQualifyingLifeEventResponse(Shown):
    """Policy amendment qualifying life event response."""

    event: QualifyingLifeEventType
    event_date: Day
    reason: str | None = None


class PolicyAmendmentReasonResponse(Shown):
    """Policy amendment reason response."""

    type: AmendmentReasonType
    qualifying_life_event: PolicyAmendmentQualifyingLifeEventResponse | None = None


class PolicyAmendmentRequestedChangeResponse(Shown):
    """Policy amendment requested change response."""

    change_type: RequestedChangeType


class PolicyAmendmentRequiredActionResponse(Shown):
    """Policy amendment required action response."""

    code: PolicyAmendmentActionCode
    reason: str
    reason_description: str
    due_by: Day
    associated_persons: PolicyAmendmentAssociatedPersonsResponse


class PolicyAmendmentIntentResponse(Shown):
    """Policy amendment intent response."""

    id: AmendmentId
    object: str | None = None
    policy_id: PolicyId
    status: PolicyAmendmentIntentStatus
    amendment_reason: PolicyAmendmentReasonResponse
    requested_changes: list[PolicyAmendmentRequestedChangeResponse]
    required_action: PolicyAmendmentRequiredActionResponse | None = None
    pending_confirmation: PolicyAmendmentPendingConfirmationResponse | None = None
    processing_error: PolicyAmendmentProcessingErrorResponse | None = None
    disclosures: list[DisclosureResponse]


class PolicyImportIntentAssociatedPersonResponse(Shown):
    """Policy import intent associated person response."""

    id: Uuid
    associated_person_id: PersonId
    member_number: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


class PolicyImportIntentResponse(Shown):
    """Policy import intent response."""

    id: ImportId
    object: str | None = None
    status: PolicyImportIntentStatus
    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: Day
    policy_end_date: Day | None = None
    associated_persons: list[PolicyImportIntentAssociatedPersonResponse]


class PolicyResponse(Shown):
    """Policy response."""

    id: PolicyId
    employee_id: EmployeeId
    group_policy_id: GroupPolicyId
    bundling_type: BundlingType
    status: PolicyStatus
    group_id: GroupId
    provider: PolicyProviderResponse
    plan: PolicyPlanResponse
    start_date: Day
    end_date: Day | None = None
    cancellation_date: Day | None = None
    type: PolicyType
    health_insurance: HealthInsurancePolicyResponse | None = None
    disclosures: list[DisclosureResponse]
    object: str | None = None


class ProviderResponse(Shown):
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


class RequirementResponse(Shown):
    """Requirement response."""

    is_fulfilled: bool
    fulfilled_at: At | None = None
    form: dict[str, Any] | None = Field(default=None, alias="schema")


class RequirementAnsweredResponse(Shown):
    """Requirement answered response."""

    status: Literal["pending", "in_progress", "fulfilled"]
    outstanding_fields: list[str] | None = None
    form: dict[str, Any] = Field(alias="schema")


class ReplayDeliveryResponse(Shown):
    """Replay delivery response."""

    delivery_id: DeliveryId
    success: bool
    response_status_code: int | None
    elapsed_time_ms: float


class ReplayEventResponse(Shown):
    """Replay event response."""

    event_id: EventId
    deliveries: list[ReplayDeliveryResponse]


class WebhookEndpointResponse(Shown):
    """Webhook endpoint response."""

    id: EndpointId
    endpoint_url: str
    subscribed_events: list[str]
    created_at: At
    object: str | None = None


class SalaryResponse(Shown):
    """A salary of an employee."""

    object: str | None = None
    id: SalaryId
    employee_id: EmployeeId
    amount: float
    currency: Currency
    pay_frequency: PayFrequency
    effective_from: Day


class PagedList(BaseModel):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)
    items: list[Any]
    page: int
    page_size: int
    total_count: int
    has_next_page: bool | None = None
    has_previous_page: bool | None = None


def paged(item: type[Shown]) -> type[PagedList]:
    """The model of a page of such items."""
    return create_model(f"{item.__name__}PagedList", __base__=PagedList, items=(list[item], ...))  # type: ignore[valid-type]
