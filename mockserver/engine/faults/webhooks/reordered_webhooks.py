"""Delivers an event after the one that follows it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.engine.core.clock import SECOND, Duration
from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class ReorderedWebhooks(Fault):
    """Keeps a delivery back until the next one of its endpoint has gone."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["reordered_webhooks"] = "reordered_webhooks"
    within: Duration = Field(default=60 * SECOND, description="Then it goes even if no other has gone before.")

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Let the next one pass, unless it is the next one itself that another was put off for."""
        if attempt.is_first and not attempt.is_awaited:
            attempt.postponed_by, attempt.until_next_sent = self.within, True
