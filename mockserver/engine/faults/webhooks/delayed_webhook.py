"""The fault kind ``delayed_webhook``."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.core.clock import SECOND, Duration
from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class DelayedWebhook(Fault):
    """Delays the first attempt of a delivery, on the sandbox's clock."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["delayed_webhook"] = "delayed_webhook"
    by: Duration = 60 * SECOND

    def apply_to_attempt(self, attempt: Attempt) -> None:
        if attempt.is_first:
            attempt.postponed_by = self.by
