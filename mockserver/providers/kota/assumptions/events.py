"""What Kota's documents leave open about events and webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration


class EventsAssumptions(Assumptions):
    """Envelopes, retries, what a list of events shows."""

    webhook_retries: Annotated[
        tuple[Duration, ...],
        Field(max_length=20),
        AssumptionNote(
            "The waits between the attempts to deliver a webhook.",
            "One paragraph says that nothing is tried again, others speak of retries; no schedule could be read.",
        ),
    ] = (60 * SECOND, 10 * 60 * SECOND)
    webhook_time: Annotated[
        Literal["both", "created_at", "created"],
        AssumptionNote(
            "The member of a webhook that says when its event was created.",
            "The schemas say created_at, newer pages created.",
        ),
    ] = "both"
    events_listed: Annotated[
        Literal["as_endpoints", "all"],
        AssumptionNote(
            "Which versions a list of events shows that asks for none: those of the endpoints, or all.",
            "Documented as the versions of the registered endpoints; all where there is none.",
        ),
    ] = "as_endpoints"
