"""What answers show of employers."""

from __future__ import annotations

from mockserver.providers.kota.employers.schemas import ContactModel
from mockserver.providers.kota.values.answers import Shown, paged
from mockserver.providers.kota.values.fields import At, Day, Metadata
from mockserver.providers.kota.values.schemas import AddressModel
from mockserver.providers.kota.values.terms import EmployerId, EmployerStatus, PlatformId


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


EmployerResponsePagedList = paged(EmployerResponse)
