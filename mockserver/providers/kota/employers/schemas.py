"""Request and query models of employers."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.employers.logic import STATES
from mockserver.providers.kota.values.fields import DateText, Metadata, NonBlankText
from mockserver.providers.kota.values.schemas import AddressModel, AddressModelWithoutCountry, RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class ContactModel(RequestModel):
    """The member `contact` of employers: the contact person."""

    name: str
    email: NonBlankText


class CreateEmployerRequest(RequestModel):
    """A new employer."""

    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    earliest_benefits_start_date: DateText | None = None
    metadata: Metadata | None = None


class UpdateEmployerRequest(RequestModel):
    """The fields of an employer to change; omitted and null fields keep their values."""

    legal_name: str | None = None
    registration_number: str | None = None
    legal_address: AddressModelWithoutCountry | None = None
    contact: ContactModel | None = None
    earliest_benefits_start_date: DateText | None = None
    metadata: Metadata | None = None


class EmployersQuery(PageQuery):
    filter: Annotated[str | None, comma_separated_filter(*STATES)] = None
