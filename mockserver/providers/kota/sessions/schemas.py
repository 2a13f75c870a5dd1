"""Request models of sessions."""

from __future__ import annotations

from mockserver.providers.kota.values.ids_and_enums import EmployeeId, EmployerId
from mockserver.providers.kota.values.schemas import RequestModel


class CreateSessionTokenRequest(RequestModel):
    """The employer of an embedded session; with an employee, it is the session of that employee."""

    employer_id: EmployerId
    employee_id: EmployeeId | None = None
    external_customer_id: str | None = None


class CreateSessionTokenLinkRequest(RequestModel):
    """The employer and the employee of a hosted session."""

    employer_id: EmployerId
    employee_id: EmployeeId
