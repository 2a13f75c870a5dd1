"""The fault kind ``idempotency_conflict``."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class IdempotencyConflict(Fault):
    """Returns the provider's error for an idempotency key that is in flight or was used for another request."""

    kind: Literal["idempotency_conflict"] = "idempotency_conflict"
    conflict: Literal["in_flight", "mismatch"] = "in_flight"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        return refusal_reply(call, Problem(f"idempotency_{self.conflict}", "Injected", raised_in="idempotency"))
