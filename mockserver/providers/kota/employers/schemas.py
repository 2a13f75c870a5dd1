"""What the operations on employers take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.employers.logic import STATES
from mockserver.providers.kota.values.fields import DateText, Metadata, NonBlankText
from mockserver.providers.kota.values.schemas import AddressModel, AddressModelWithoutCountry, RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class ContactModel(RequestModel):
    """Contact model."""

    name: str
    email: NonBlankText


class CreateEmployerRequest(RequestModel):
    """Create employer request."""

    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    earliest_benefits_start_date: DateText | None = None
    metadata: Metadata | None = None


class UpdateEmployerRequest(RequestModel):
    """Update employer request."""

    legal_name: str | None = None
    registration_number: str | None = None
    legal_address: AddressModelWithoutCountry | None = None
    contact: ContactModel | None = None
    earliest_benefits_start_date: DateText | None = None
    metadata: Metadata | None = None


class EmployersQuery(PageQuery):
    """The query of the list of employers."""

    filter: Annotated[str | None, comma_separated_filter(*STATES)] = None
