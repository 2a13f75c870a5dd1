"""What is asked of contribution reports."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.values.terms import EmployerId
from mockserver.providers.kota.wire.lists import Page, states


class ReportsPage(Page):
    """The query of the list of contribution reports."""

    employer_id: EmployerId | None = None
    status: Annotated[str | None, states("open", "finalized")] = None
    month: int | None = None
    year: int | None = None
    external_customer_id: str | None = None
