"""Query models of events."""

from __future__ import annotations

from typing import Annotated, Literal

from mockserver.providers.kota.values.fields import DateTimeText
from mockserver.providers.kota.wire.lists import PageQuery


class EventsQuery(PageQuery):
    created_after: DateTimeText | None = None
    order_direction: Annotated[Literal["asc", "desc"], "asc, desc"] = "desc"
    version: Literal["v1", "v2"] | None = None
