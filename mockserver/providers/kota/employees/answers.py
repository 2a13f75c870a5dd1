"""What answers show of employees, their persons and their salaries."""

from __future__ import annotations

from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Country, Currency, Day, Metadata
from mockserver.providers.kota.values.schemas import AddressModel
from mockserver.providers.kota.values.terms import (
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


class EmployeeBankAccount(Shown):
    """Employee bank account."""

    account_number_last4: str


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


class SalaryResponse(Shown):
    """A salary of an employee."""

    object: str | None = None
    id: SalaryId
    employee_id: EmployeeId
    amount: float
    currency: Currency
    pay_frequency: PayFrequency
    effective_from: Day


EmployeeResponsePagedList = paged(EmployeeResponse)
AssociatedPersonResponsePagedList = paged(AssociatedPersonResponse)
SalaryResponsePagedList = paged(SalaryResponse)
