"""Query models of contribution reports."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.values.ids_and_enums import EmployerId
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class ReportsQuery(PageQuery):
    employer_id: EmployerId | None = None
    status: Annotated[str | None, comma_separated_filter("open", "finalized")] = None
    month: int | None = None
    year: int | None = None
    external_customer_id: str | None = None
