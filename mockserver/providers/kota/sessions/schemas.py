"""What the operations that open sessions take."""

from __future__ import annotations

from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import EmployeeId, EmployerId


class CreateSessionTokenRequest(Given):
    """Create session token request."""

    employer_id: EmployerId
    employee_id: EmployeeId | None = None
    external_customer_id: str | None = None


class CreateSessionTokenLinkRequest(Given):
    """Create session token link request."""

    employer_id: EmployerId
    employee_id: EmployeeId
