"""Assumptions about events and webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration


class EventsAssumptions(Assumptions):
    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The delays between the attempts of a webhook delivery.",
            "One paragraph excludes retries, others mention them; no schedule was available.",
        ),
    ] = (60 * SECOND, 10 * 60 * SECOND)
    webhook_time: Annotated[
        Literal["both", "created_at", "created"],
        AssumptionNote(
            "The member of a webhook that has the creation time of its event.",
            "The schemas have created_at, newer pages have created.",
        ),
    ] = "both"
    events_listed: Annotated[
        Literal["as_endpoints", "all"],
        AssumptionNote(
            "Which event versions an unfiltered list contains: those of the webhook endpoints, or all.",
            "Documented as the versions of the registered endpoints; all if there are no endpoints.",
        ),
    ] = "as_endpoints"
