"""What the operations on employees take, and those on their persons and salaries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mockserver.providers.kota.employees.logic import STATES
from mockserver.providers.kota.values.fields import At, Country, Currency, Day, Filled, Iban, Metadata, Phone
from mockserver.providers.kota.values.schemas import AddressModel, AddressModelWithoutCountry, Given
from mockserver.providers.kota.values.terms import EmployerId, PayFrequency, RelationshipType, SexAtBirth
from mockserver.providers.kota.wire.lists import Page, states


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


class OffboardEmployeeRequest(Given):
    """Offboard employee request."""

    offboard_on: At
    offboard_reason: str


class CreateAssociatedPersonRequest(Given):
    """Create associated person request."""

    first_name: Filled
    last_name: Filled
    date_of_birth: Day
    sex_at_birth: SexAtBirth
    relationship_type: RelationshipType
    email: str | None = None
    phone_number: Phone | None = None


class UpdateAssociatedPersonRequest(Given):
    """Update associated person request."""

    first_name: Filled | None = None
    last_name: Filled | None = None
    date_of_birth: Day | None = None
    sex_at_birth: SexAtBirth | None = None
    relationship_type: RelationshipType | None = None
    email: str | None = None
    phone_number: Phone | None = None


class EmployeesPage(Page):
    """The query of the list of employees."""

    filter: Annotated[str | None, states(*STATES)] = None
    employer_id: EmployerId | None = None
    external_customer_id: str | None = None
    metadata_id: str | None = None


class CreateSalaryRequest(Given):
    """What an employee is paid from a day on."""

    amount: Annotated[float, Field(gt=0)]
    currency: Currency
    pay_frequency: PayFrequency
    effective_from: Day
