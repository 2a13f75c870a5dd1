"""The fault kind ``rate_limited``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class RateLimited(Fault):
    """Returns the provider's error for an exceeded rate limit (429), even if the limit is not exceeded."""

    kind: Literal["rate_limited"] = "rate_limited"
    retry_after: int | None = Field(
        default=None, ge=0, le=86_400, description="Seconds in the Retry-After header; if left out, no header is sent."
    )

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        headers = [] if self.retry_after is None else [("Retry-After", str(self.retry_after))]
        return refusal_reply(call, Problem("rate_limited", "Injected", headers=headers, raised_in="ratelimit"))
