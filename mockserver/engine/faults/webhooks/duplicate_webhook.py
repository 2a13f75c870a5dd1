"""The fault kind ``duplicate_webhook``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class DuplicateWebhook(Fault):
    """Sends the same delivery, with the same id, several times in a row."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["duplicate_webhook"] = "duplicate_webhook"
    copies: int = Field(default=2, ge=2, le=10)

    def apply_to_attempt(self, attempt: Attempt) -> None:
        attempt.copies = self.copies
