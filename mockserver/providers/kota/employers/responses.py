"""Response models of employers."""

from __future__ import annotations

from mockserver.providers.kota.employers.schemas import ContactModel
from mockserver.providers.kota.values.fields import DateText, DateTimeText, Metadata
from mockserver.providers.kota.values.ids_and_enums import EmployerId, EmployerStatus, PlatformId
from mockserver.providers.kota.values.responses import ResponseModel, paged_list_model
from mockserver.providers.kota.values.schemas import AddressModel


class EmployerResponse(ResponseModel):
    """An employer that uses the platform."""

    id: EmployerId
    platform_id: PlatformId | None = None
    status: EmployerStatus | None = None
    legal_name: str
    registration_number: str | None = None
    legal_address: AddressModel
    contact: ContactModel
    offboard_on: DateTimeText | None = None
    earliest_benefits_start_date: DateText | None = None
    metadata: Metadata | None = None
    object: str | None = None


EmployerResponsePagedList = paged_list_model(EmployerResponse)
