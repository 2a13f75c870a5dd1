"""The fault kind ``reordered_webhooks``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.engine.core.clock import SECOND, Duration
from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class ReorderedWebhooks(Fault):
    """Delays a delivery until the next delivery to the same endpoint has been sent."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["reordered_webhooks"] = "reordered_webhooks"
    within: Duration = Field(
        default=60 * SECOND, description="The longest delay; after it the delivery is sent even if no other was sent."
    )

    def apply_to_attempt(self, attempt: Attempt) -> None:
        # The delivery that a delayed one waits for must not be delayed itself.
        if attempt.is_first and not attempt.is_awaited:
            attempt.postponed_by, attempt.until_next_sent = self.within, True
