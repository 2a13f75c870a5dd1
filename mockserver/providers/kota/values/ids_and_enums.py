"""Types of Kota's ids and enums."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

EmployerId = Annotated[str, Field(pattern=r"^er_.+")]
EmployeeId = Annotated[str, Field(pattern=r"^ee_.+")]
PersonId = Annotated[str, Field(pattern=r"^ap_.+")]
GroupId = Annotated[str, Field(pattern=r"^gr_.+")]
GroupPolicyId = Annotated[str, Field(pattern=r"^gp_.+")]
QuoteIntentId = Annotated[str, Field(pattern=r"^gqi_.+")]
PolicyIntentId = Annotated[str, Field(pattern=r"^gpi_.+")]
EnrolmentId = Annotated[str, Field(pattern=r"^ei_.+")]
DependentsIntentId = Annotated[str, Field(pattern=r"^dmi_.+")]
PolicyId = Annotated[str, Field(pattern=r"^p_.+")]
MemberId = Annotated[str, Field(pattern=r"^pm_.+")]
AmendmentId = Annotated[str, Field(pattern=r"^pai_.+")]
ImportId = Annotated[str, Field(pattern=r"^pii_.+")]
RequirementId = Annotated[str, Field(pattern=r"^ar_.+")]
ProviderId = Annotated[str, Field(pattern=r"^pr_.+")]
PlanId = Annotated[str, Field(pattern=r"^pl_.+")]
CoverageId = Annotated[str, Field(pattern=r"^pc_.+")]
OptionId = Annotated[str, Field(pattern=r"^pco_.+")]
ReportId = Annotated[str, Field(pattern=r"^ctr_.+")]
EntryId = Annotated[str, Field(pattern=r"^ct_.+")]
EmployerQuoteId = Annotated[str, Field(pattern=r"^erhq_.+")]
EmployerPolicyId = Annotated[str, Field(pattern=r"^erhp_.+")]
OfferId = Annotated[str, Field(pattern=r"^eeho_.+")]
EmployeePolicyId = Annotated[str, Field(pattern=r"^eehp_.+")]
EventId = Annotated[str, Field(pattern=r"^evt_.+")]
DeliveryId = Annotated[str, Field(pattern=r"^evtd_.+")]
EndpointId = Annotated[str, Field(pattern=r"^whe_.+")]
PlatformId = Annotated[str, Field(pattern=r"^pt_.+")]
PayFrequency = Literal["annual", "monthly", "bi_weekly", "weekly"]
SalaryId = Annotated[str, Field(pattern=r"^sal_.+")]

AmendmentReasonType = Literal["initial_adjustment_period", "qualifying_life_event"]
AssociatedPersonType = Literal["dependents"]
BenefitType = Literal["health_insurance"]
BundlingType = Literal["not_bundled", "bundled_primary", "bundled_secondary"]
ConsentType = Literal["terms_of_business", "privacy_policy"]
ContributionReportStatus = Literal["open", "finalized"]
CostSharingOption = Literal[
    "percentage",
    "fixed_amount",
    "member_count",
    "policyholder_only",
    "member_selection",
    "family_type",
    "full_coverage",
]
DependentStatus = Literal["processing", "confirmed"]
DependentsManagementIntentActionCode = Literal["remove_restricted_or_ineligible_dependents"]
DependentsManagementIntentDependentStatus = Literal[
    "pending_confirmation", "action_required", "ineligible", "processing", "restricted", "ready"
]
DependentsManagementIntentParentType = Literal["policy_amendment_intent", "enrolment_intent"]
DependentsManagementIntentStatus = Literal["action_required", "processing", "completed", "not_undertaken"]
DisclosureCategory = Literal["regulatory", "provider", "intermediary"]
DisclosureType = Literal[
    "intermediary_role",
    "intermediary_commission",
    "underwriter_disclaimer",
    "anti_selection_notice",
    "statement_of_needs",
    "product_information",
    "pre_existing_conditions",
    "statutory_warning",
]
EligibilityStatus = Literal["pending", "eligible", "ineligible"]
EmployeeEligibilityCriterionType = Literal["age_range"]
EmployeeHealthInsuranceOfferStatus = Literal["action_required", "not_undertaken", "accepted"]
EmployeeHealthInsurancePolicyStatus = Literal["scheduled", "active", "expired", "cancelled"]
EmployeeStatus = Literal["pending", "active", "offboarding", "inactive", "restricted"]
EmployerEligibilityCriterionType = Literal["employees_count", "members_count", "industry_exclusions"]
EmployerHealthInsurancePolicyRenewalStatus = Literal["upcoming", "open", "renewed", "cancelled"]
EmployerHealthInsurancePolicyStatus = Literal["scheduled", "active", "expired", "cancelled"]
EmployerHealthInsuranceQuoteStatus = Literal[
    "pending_quote", "action_required", "not_undertaken", "accepted", "pending_insurer_acceptance"
]
EmployerStatus = Literal["pending", "active", "offboarding", "inactive", "restricted"]
EnrolmentIntentConfirmationType = Literal["confirm_enrolment"]
EnrolmentIntentIneligibilityReasonCode = Literal[
    "employee_restricted",
    "employee_under_minimum_age",
    "employee_above_maximum_age",
    "employee_not_active",
    "employment_not_started",
    "unknown",
]
EnrolmentIntentStatus = Literal[
    "processing",
    "scheduled",
    "action_required",
    "coverage_options_required",
    "pending_confirmation",
    "enrolling",
    "enrolled",
    "not_undertaken",
    "ineligible",
]
EnrolmentStatus = Literal["enrolled", "enrolling", "opted_out", "cancelled", "enrolment_available", "not_available"]
EnrolmentType = Literal["opt_out", "opt_in"]
FamilyTierCode = Literal["single", "couple", "single_parent", "family"]
GroupEnrolmentType = Literal["manual", "automatic"]
GroupPolicyIntentStatus = Literal[
    "processing",
    "action_required",
    "pending_provider_approval",
    "policy_created",
    "expired",
    "provider_rejected",
    "manual_renewal_gathering_required",
]
GroupPolicyStatus = Literal["scheduled", "active", "expired", "cancelled"]
GroupQuoteIntentStatus = Literal[
    "processing",
    "action_required",
    "awaiting_quote",
    "quote_available",
    "rejected",
    "rejected_by_insurer",
    "quote_expired",
]
GroupStatus = Literal["pending", "ready", "archived"]
GroupType = Literal["undefined", "single", "bundled"]
HealthInsuranceContributionCategory = Literal["gross_premium", "tax", "tax_relief"]
HealthInsuranceContributionMemberType = Literal["policyholder", "partner_dependant", "child_dependant"]
HealthInsuranceContributionType = Literal["recurring", "one_off"]
HealthInsuranceCostSharingType = Literal[
    "member_count", "member_selection", "percentage", "policyholder_only", "family_type"
]
HealthInsuranceFamilyCostSharingType = Literal["single", "couple", "single_with_children", "family"]
HealthInsurancePolicyRenewalStatus = Literal["upcoming", "open", "renewed", "cancelled"]
HealthInsuranceType = Literal["international", "local"]
IntentActionType = Literal[
    "provide_dependant_information", "provide_beneficiary_information", "provide_missing_information"
]
MemberType = Literal["policyholder", "spouse", "partner", "adult_dependant", "child"]
MemberTypeCode = Literal["adult", "young_adult", "child"]
PlanCoverageOptionInputType = Literal["single_select", "multi_select"]
PlanCoverageOptionScope = Literal["group_policy", "policy", "member"]
PlanDocumentType = Literal[
    "ipid", "table_of_cover", "waiting_periods", "hospital_list", "plan_summary", "terms_and_conditions", "other"
]
PlanPricingType = Literal["per_member", "tier_based"]
PolicyAmendmentActionCode = Literal["provide_dependents_information"]
PolicyAmendmentIntentConfirmationCode = Literal["confirm_quote", "confirm_opt_out", "confirm_qle"]
PolicyAmendmentIntentFailureCode = Literal["provider_rejected", "unable_to_quote"]
PolicyAmendmentIntentStatus = Literal[
    "action_required",
    "awaiting_quote",
    "pending_confirmation",
    "processing",
    "amended",
    "processing_error",
    "not_undertaken",
]
PolicyImportIntentStatus = Literal["processing", "failed", "success"]
PolicyStatus = Literal["scheduled", "active", "expired", "cancelled"]
PolicyType = Literal["health_insurance", "life_assurance"]
QualifyingLifeEventType = Literal[
    "gained_other_insurance_coverage",
    "divorce_or_legal_separation",
    "death_of_spouse_or_dependent",
    "moved_out_of_coverage_area",
    "employment_status_change_affecting_eligibility",
    "eligible_for_government_program",
    "marriage_or_civil_partnership",
    "birth_of_child",
    "adoption_of_child",
    "gained_legal_guardianship",
    "dependent_lost_other_coverage",
    "lost_legal_guardianship",
    "dependent_gained_other_coverage",
    "dependent_eligible_for_government_program",
    "dependent_aged_out",
    "dependent_student_status_change_affecting_eligibility",
    "dependent_moved_in_or_out_of_coverage_area",
    "other_change",
]
RelationshipType = Literal["spouse", "partner", "child", "other"]
RequestedChangeType = Literal["dependents", "cancellation"]
RequirementObjectType = Literal["employee", "employer", "associated_person"]
RequirementType = Literal[
    "group_quote_intent",
    "group_policy_intent",
    "dependent_management_intent",
    "policy_amendment_intent",
    "enrolment_intent",
]
SexAtBirth = Literal["male", "female"]
