"""The fault kind ``wrong_secret``."""

from __future__ import annotations

from typing import ClassVar, Literal

from mockserver.engine.faults.base import Fault
from mockserver.engine.webhooks.attempt import Attempt


class WrongSecret(Fault):
    """Signs with an invalid secret: the previous one if its grace period has ended, else one the endpoint never had."""

    APPLIES_TO: ClassVar[str] = "webhooks"
    kind: Literal["wrong_secret"] = "wrong_secret"

    def apply_to_attempt(self, attempt: Attempt) -> None:
        previous = attempt.endpoint["previous"]
        ended = previous is not None and attempt.now >= previous["until"]
        attempt.secrets = (previous["secret"] if ended else f"{attempt.endpoint['secret']}-wrong",)
