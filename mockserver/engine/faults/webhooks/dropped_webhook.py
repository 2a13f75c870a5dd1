"""Never delivers an event."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class DroppedWebhook(Fault):
    """Loses a delivery for good: neither now nor by a retry."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["dropped_webhook"] = "dropped_webhook"

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Send nothing, and never try again."""
        attempt.dropped = True
