"""Answers as the provider does when an idempotency key meets itself."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class IdempotencyConflict(Fault):
    """Answers with an idempotency conflict and does no work."""

    kind: Literal["idempotency_conflict"] = "idempotency_conflict"
    conflict: Literal["in_flight", "mismatch"] = "in_flight"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """Refuse as if an equal request ran, or as if the key had been used for another one."""
        return refusal_reply(call, Problem(f"idempotency_{self.conflict}", "Injected", raised_in="idempotency"))
