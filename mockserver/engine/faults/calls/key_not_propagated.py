"""The fault kind ``key_not_propagated``."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class KeyNotPropagated(Fault):
    """Returns the provider's error for an API key that is not accepted yet; calls without a key are not affected."""

    kind: Literal["key_not_propagated"] = "key_not_propagated"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        # A call without a credential is refused by the stage authenticate, for its own reason.
        if not call.credential.shown:
            return proceed(call)
        return refusal_reply(call, Problem("key_propagating", "Injected", raised_in="authenticate"))
