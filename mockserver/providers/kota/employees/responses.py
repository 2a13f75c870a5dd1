"""Response models of employees, associated persons and salaries."""

from __future__ import annotations

from mockserver.providers.kota.values.fields import Country, Currency, DateText, DateTimeText, Metadata
from mockserver.providers.kota.values.ids_and_enums import (
    EmployeeId,
    EmployeeStatus,
    EmployerId,
    PayFrequency,
    PersonId,
    PlatformId,
    RelationshipType,
    SalaryId,
    SexAtBirth,
)
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model
from mockserver.providers.kota.values.schemas import AddressModel


class EmployeeBankAccount(ResponseModel):
    """The member `bank_account` of EmployeeResponse: the last four characters of the account number."""

    account_number_last4: str


class EmployeeResponse(ResponseModel):
    """An employee of one of the platform's employers."""

    platform_id: PlatformId | None = None
    id: EmployeeId | None = None
    employer_id: EmployerId | None = None
    status: EmployeeStatus | None = None
    external_customer_id: str | None = None
    first_name: str
    last_name: str
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    home_address: AddressModel | None = None
    nationality: Country | None = None
    national_tax_id: str
    start_on: DateText | None = None
    earliest_benefits_start_date: DateText | None = None
    phone_number: str
    email: str
    offboard_on: DateTimeText | None = None
    bank_account: EmployeeBankAccount | None = None
    metadata: Metadata | None = None
    object: str | None = None


class AssociatedPersonResponse(ResponseModel):
    """A spouse, partner, child or other person of an employee, who can become a dependent."""

    id: PersonId
    platform_id: PlatformId | None = None
    employee_id: EmployeeId
    first_name: str
    last_name: str
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    relationship_type: RelationshipType
    email: str | None = None
    phone_number: str | None = None
    object: str | None = None


class SalaryResponse(ResponseModel):
    """A salary of an employee, and the day from which it applies."""

    object: str | None = None
    id: SalaryId
    employee_id: EmployeeId
    amount: float
    currency: Currency
    pay_frequency: PayFrequency
    effective_from: DateText


EmployeeResponsePagedList = paged_list_model(EmployeeResponse)
AssociatedPersonResponsePagedList = paged_list_model(AssociatedPersonResponse)
SalaryResponsePagedList = paged_list_model(SalaryResponse)
