"""The fault kind ``bad_signature``."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class BadSignature(Fault):
    """Sends a signature that was computed over a different body."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["bad_signature"] = "bad_signature"

    def apply_to_attempt(self, attempt: Attempt) -> None:
        attempt.signed_body = attempt.signed_body + b" "
