"""What the operations that open sessions take."""

from __future__ import annotations

from mockserver.providers.kota.values.ids_and_enums import EmployeeId, EmployerId
from mockserver.providers.kota.values.schemas import RequestModel


class CreateSessionTokenRequest(RequestModel):
    """Create session token request."""

    employer_id: EmployerId
    employee_id: EmployeeId | None = None
    external_customer_id: str | None = None


class CreateSessionTokenLinkRequest(RequestModel):
    """Create session token link request."""

    employer_id: EmployerId
    employee_id: EmployeeId
