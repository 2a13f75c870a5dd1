"""Signs a delivery as if it had been long ago."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.core.clock import SECOND, Duration
from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class OldTimestamp(Fault):
    """Sends a right signature of a time that has passed."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["old_timestamp"] = "old_timestamp"
    by: Duration = 600 * SECOND

    def apply_to_attempt(self, attempt: Attempt) -> None:
        """Let the signature be so old; a style without times in it stays as it is."""
        attempt.signed_at = max(0, attempt.signed_at - self.by)
