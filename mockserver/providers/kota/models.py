"""What Kota's bodies take, field by field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from mockserver.providers.kota.values.fields import (
    At,
    Country,
    Day,
    Filled,
    Iban,
    Metadata,
    Phone,
    check_postal_code,
    check_state,
)
from mockserver.providers.kota.values.terms import (
    AmendmentReasonType,
    ConsentType,
    CoverageId,
    EmployeeId,
    EmployerId,
    GroupId,
    HealthInsuranceCostSharingType,
    HealthInsuranceFamilyCostSharingType,
    OptionId,
    PersonId,
    PlanId,
    QualifyingLifeEventType,
    QuoteIntentId,
    RelationshipType,
    RequestedChangeType,
    SexAtBirth,
)


class Given(BaseModel):
    """A body, or a part of one; members nobody documents are left to the pipeline."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, defer_build=True)


class SelectedOptionRequest(Given):
    """Selected option request."""

    option_id: OptionId
    sub_options: list[SelectedOptionRequest] | None = None


class PlanCoverageOptionSelectionRequest(Given):
    """Plan coverage option selection request."""

    configuration_id: CoverageId
    options: list[SelectedOptionRequest]


class DependentCoverageSelectionsRequest(Given):
    """Dependent coverage selections request."""

    associated_person_id: PersonId
    coverage_selections: list[PlanCoverageOptionSelectionRequest]


class AddDependentsRequest(Given):
    """Add dependents request."""

    associated_person_ids: list[PersonId] = Field(min_length=1)
    dependent_coverage_selections: list[DependentCoverageSelectionsRequest] | None = None


class PolicyConfigurationRequest(Given):
    """Policy configuration request."""

    desired_policy_start_date: Day | None = None
    enrolment_date: Day | None = None


class AddEmployeeToGroupRequest(Given):
    """Add employee to group request."""

    employee_id: EmployeeId
    create_enrolment_intents: bool | None = None
    policy_configuration: PolicyConfigurationRequest | None = None


class AddressModel(Given):
    """An address whose parts fit its country."""

    # Before the fields that are held against it.
    country_code: Country
    line1: Filled
    line2: str | None = None
    line3: str | None = None
    city: Filled
    state: str | None = Field(default=None, validate_default=True)
    postal_code: Filled

    @field_validator("state")
    @classmethod
    def _state(cls, value: str | None, info: ValidationInfo) -> str | None:
        return check_state(value, info.data.get("country_code", ""))

    @field_validator("postal_code")
    @classmethod
    def _postal_code(cls, value: str, info: ValidationInfo) -> str:
        country = info.data.get("country_code")
        return check_postal_code(value, country) if country else value


class AddressModelWithoutCountry(Given):
    """Address model without country."""

    line1: Filled
    line2: str | None = None
    line3: str | None = None
    city: Filled
    state: str | None = None
    postal_code: Filled


class CheckGroupEligibilityRequest(Given):
    """Check group eligibility request."""

    employee_id: EmployeeId


class ConsentApprovalInput(Given):
    """Consent approval input."""

    type: ConsentType
    ip: str
    version: str
    user_id: str


class ContactModel(Given):
    """Contact model."""

    name: str
    email: Filled


class CreateAssociatedPersonRequest(Given):
    """Create associated person request."""

    first_name: Filled
    last_name: Filled
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    relationship_type: RelationshipType
    email: str | None = None
    phone_number: Phone | None = None


class CreateEmployeeBankAccount(Given):
    """Create employee bank account."""

    account_number: Iban


class CreateEmployeeRequest(Given):
    """Create employee request."""

    employer_id: EmployerId
    external_customer_id: str | None = None
    first_name: Filled
    last_name: Filled
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    home_address: AddressModel
    nationality: Country | None = None
    national_tax_id: Filled
    start_on: Day
    earliest_benefits_start_date: Day | None = None
    phone_number: Phone
    email: Filled
    bank_account: CreateEmployeeBankAccount | None = None
    metadata: Metadata | None = None


class CreateEmployerRequest(Given):
    """Create employer request."""

    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    earliest_benefits_start_date: Day | None = None
    metadata: Metadata | None = None


class CreateEnrolmentIntentRequest(Given):
    """Create enrolment intent request."""

    employee_id: EmployeeId
    group_id: GroupId
    policy_configuration: PolicyConfigurationRequest | None = None
    force_confirmation: bool
    coverage_selections: list[PlanCoverageOptionSelectionRequest] | None = None


class HealthInsuranceFamilyTypeCostSharingConfigurationResponse(Given):
    """Health insurance family type cost sharing configuration response."""

    type: HealthInsuranceFamilyCostSharingType


class HealthInsuranceMemberCountCostSharingConfigurationResponse(Given):
    """Health insurance member count cost sharing configuration response."""

    adults: int = Field(ge=0)
    children: int = Field(ge=0)


class HealthInsuranceMemberSelectionCostSharingConfigurationResponse(Given):
    """Health insurance member selection cost sharing configuration response."""

    partner: bool
    children: bool


class HealthInsurancePercentageCostSharingConfigurationResponse(Given):
    """Health insurance percentage cost sharing configuration response."""

    percentage: int = Field(ge=0, le=100)


class HealthInsuranceCostSharingConfigurationResponse(Given):
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


class CreateGroupPolicyIntentRequest(Given):
    """Create group policy intent request."""

    quote_intent_id: QuoteIntentId
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    consent_approvals: list[ConsentApprovalInput] | None = None


class CreateGroupQuoteIntentRequest(Given):
    """Create group quote intent request."""

    group_id: GroupId
    plan_id: PlanId
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    expected_start_date: Day | None = None
    coverage_selections: list[PlanCoverageOptionSelectionRequest] | None = None


class CreateGroupRequest(Given):
    """Create group request."""

    employer_id: EmployerId
    name: str
    description: str | None = None


class QualifyingLifeEventSupplementalInfo(Given):
    """Qualifying life event supplemental info."""

    event: QualifyingLifeEventType
    event_date: Day
    reason: str | None = None


class PolicyAmendmentReasonRequest(Given):
    """Policy amendment reason request."""

    type: AmendmentReasonType
    qualifying_life_event: QualifyingLifeEventSupplementalInfo | None = None


class PolicyAmendmentRequestedChangeRequest(Given):
    """Policy amendment requested change request."""

    change_type: RequestedChangeType


class CreatePolicyAmendmentIntentRequest(Given):
    """Create policy amendment intent request."""

    amendment_reason: PolicyAmendmentReasonRequest
    requested_changes: list[PolicyAmendmentRequestedChangeRequest]


class CreatePolicyImportIntentAssociatedPersonRequest(Given):
    """Create policy import intent associated person request."""

    associated_person_id: PersonId
    member_number: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


class CreatePolicyImportIntentRequest(Given):
    """Create policy import intent request."""

    employee_id: EmployeeId
    group_id: GroupId
    provider_policy_number: str
    member_number: str
    policy_start_date: Day
    policy_end_date: Day | None = None
    associated_persons: list[CreatePolicyImportIntentAssociatedPersonRequest] | None = None


class CreateSessionTokenLinkRequest(Given):
    """Create session token link request."""

    employer_id: EmployerId
    employee_id: EmployeeId


class CreateSessionTokenRequest(Given):
    """Create session token request."""

    employer_id: EmployerId
    employee_id: EmployeeId | None = None
    external_customer_id: str | None = None


class OffboardEmployeeRequest(Given):
    """Offboard employee request."""

    offboard_on: At
    offboard_reason: str


class SubmitCoverageSelectionsRequest(Given):
    """Submit coverage selections request."""

    coverage_selections: list[PlanCoverageOptionSelectionRequest]


class UpdateAssociatedPersonRequest(Given):
    """Update associated person request."""

    first_name: Filled | None = None
    last_name: Filled | None = None
    date_of_birth: Day | None = None
    sex_at_birth: SexAtBirth | None = None
    relationship_type: RelationshipType | None = None
    email: str | None = None
    phone_number: Phone | None = None


class UpdateEmployeeRequest(Given):
    """Update employee request."""

    first_name: Filled | None = None
    last_name: Filled | None = None
    home_address: AddressModelWithoutCountry | None = None
    nationality: Country | None = None
    national_tax_id: Filled | None = None
    phone_number: Phone | None = None
    email: Filled | None = None
    start_on: Day | None = None
    earliest_benefits_start_date: Day | None = None
    bank_account: CreateEmployeeBankAccount | None = None
    metadata: Metadata | None = None


class UpdateEmployerRequest(Given):
    """Update employer request."""

    legal_name: str | None = None
    registration_number: str | None = None
    legal_address: AddressModelWithoutCountry | None = None
    contact: ContactModel | None = None
    earliest_benefits_start_date: Day | None = None
    metadata: Metadata | None = None


class UpdateGroupRequest(Given):
    """Update group request."""

    name: str | None = None
    description: str | None = None
