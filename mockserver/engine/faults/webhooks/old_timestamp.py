"""The fault kind ``old_timestamp``."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.core.clock import SECOND, Duration
from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class OldTimestamp(Fault):
    """Sends a valid signature with a timestamp in the past; a signature without a timestamp is not changed."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["old_timestamp"] = "old_timestamp"
    by: Duration = 600 * SECOND

    def apply_to_attempt(self, attempt: Attempt) -> None:
        attempt.signed_at = max(0, attempt.signed_at - self.by)
