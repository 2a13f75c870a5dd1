"""What the operations on employers take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.employers.logic import STATES
from mockserver.providers.kota.values.fields import Day, Filled, Metadata
from mockserver.providers.kota.values.schemas import AddressModel, AddressModelWithoutCountry, Given
from mockserver.providers.kota.wire.lists import Page, states


class ContactModel(Given):
    """Contact model."""

    name: str
    email: Filled


class CreateEmployerRequest(Given):
    """Create employer request."""

    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    earliest_benefits_start_date: Day | None = None
    metadata: Metadata | None = None


class UpdateEmployerRequest(Given):
    """Update employer request."""

    legal_name: str | None = None
    registration_number: str | None = None
    legal_address: AddressModelWithoutCountry | None = None
    contact: ContactModel | None = None
    earliest_benefits_start_date: Day | None = None
    metadata: Metadata | None = None


class EmployersPage(Page):
    """The query of the list of employers."""

    filter: Annotated[str | None, states(*STATES)] = None
