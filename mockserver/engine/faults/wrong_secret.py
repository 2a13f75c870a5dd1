"""Signs a delivery with a secret that counts no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from mockserver.engine.faults.base import Fault

if TYPE_CHECKING:
    from mockserver.engine.webhooks.attempt import Attempt


class WrongSecret(Fault):
    """Signs with the secret before the last rotation, or with a strange one where there was none."""

    ON: ClassVar[str] = "webhooks"
    kind: Literal["wrong_secret"] = "wrong_secret"

    def spoil(self, attempt: Attempt) -> None:
        """Sign with the wrong secret alone."""
        previous = attempt.endpoint["previous"]
        attempt.secrets = (previous["secret"] if previous else f"{attempt.endpoint['secret']}-wrong",)
