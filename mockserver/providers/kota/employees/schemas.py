"""Request and query models of employees, associated persons and salaries."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mockserver.providers.kota.employees.logic import STATES
from mockserver.providers.kota.values.fields import (
    Country,
    Currency,
    DateText,
    DateTimeText,
    Iban,
    Metadata,
    NonBlankText,
    Phone,
)
from mockserver.providers.kota.values.ids_and_enums import EmployerId, PayFrequency, RelationshipType, SexAtBirth
from mockserver.providers.kota.values.schemas import AddressModel, AddressModelWithoutCountry, RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class CreateEmployeeBankAccount(RequestModel):
    """The member `bank_account` of requests about employees: an IBAN."""

    account_number: Iban


class CreateEmployeeRequest(RequestModel):
    """A new employee."""

    employer_id: EmployerId
    external_customer_id: str | None = None
    first_name: NonBlankText
    last_name: NonBlankText
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    home_address: AddressModel
    nationality: Country | None = None
    national_tax_id: NonBlankText
    start_on: DateText
    earliest_benefits_start_date: DateText | None = None
    phone_number: Phone
    email: NonBlankText
    bank_account: CreateEmployeeBankAccount | None = None
    metadata: Metadata | None = None


class UpdateEmployeeRequest(RequestModel):
    """The fields of an employee to change; omitted and null fields keep their values."""

    first_name: NonBlankText | None = None
    last_name: NonBlankText | None = None
    home_address: AddressModelWithoutCountry | None = None
    nationality: Country | None = None
    national_tax_id: NonBlankText | None = None
    phone_number: Phone | None = None
    email: NonBlankText | None = None
    start_on: DateText | None = None
    earliest_benefits_start_date: DateText | None = None
    bank_account: CreateEmployeeBankAccount | None = None
    metadata: Metadata | None = None


class OffboardEmployeeRequest(RequestModel):
    """When and why an employee leaves."""

    offboard_on: DateTimeText
    offboard_reason: str


class CreateAssociatedPersonRequest(RequestModel):
    """A new associated person of an employee."""

    first_name: NonBlankText
    last_name: NonBlankText
    date_of_birth: DateText
    sex_at_birth: SexAtBirth
    relationship_type: RelationshipType
    email: str | None = None
    phone_number: Phone | None = None


class UpdateAssociatedPersonRequest(RequestModel):
    """The fields to change; null clears email and phone_number and leaves the others unchanged."""

    first_name: NonBlankText | None = None
    last_name: NonBlankText | None = None
    date_of_birth: DateText | None = None
    sex_at_birth: SexAtBirth | None = None
    relationship_type: RelationshipType | None = None
    email: str | None = None
    phone_number: Phone | None = None


class EmployeesQuery(PageQuery):
    filter: Annotated[str | None, comma_separated_filter(*STATES)] = None
    employer_id: EmployerId | None = None
    external_customer_id: str | None = None
    metadata_id: str | None = None


class CreateSalaryRequest(RequestModel):
    """A new salary, and the day from which it applies."""

    amount: Annotated[float, Field(gt=0)]
    currency: Currency
    pay_frequency: PayFrequency
    effective_from: DateText
