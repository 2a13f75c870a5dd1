"""Delivers half a body."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class TruncatedWebhook(Fault):
    """Sends a part of the body, under the signature of the whole."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["truncated_webhook"] = "truncated_webhook"
    fraction: float = Field(default=0.5, ge=0, lt=1, description="How much of the body arrives.")

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Cut the body; the length announced is that of what is sent."""
        attempt.body = attempt.body[: int(len(attempt.body) * self.fraction)]
