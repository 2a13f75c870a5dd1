"""The fault kind ``truncated_webhook``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class TruncatedWebhook(Fault):
    """Sends only part of the body, with the signature of the whole body; Content-Length is the length of that part."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["truncated_webhook"] = "truncated_webhook"
    fraction: float = Field(default=0.5, ge=0, lt=1, description="The part of the body that is sent.")

    def apply_to_attempt(self, attempt: Attempt) -> None:
        attempt.body = attempt.body[: int(len(attempt.body) * self.fraction)]
