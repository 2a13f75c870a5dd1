"""The fault kind ``dropped_webhook``."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class DroppedWebhook(Fault):
    """Discards the delivery: it is neither sent nor retried."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["dropped_webhook"] = "dropped_webhook"

    def apply_to_attempt(self, attempt: Attempt) -> None:
        attempt.dropped = True
