"""Answers as the provider does to a key that was made a moment ago."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class KeyNotPropagated(Fault):
    """Refuses a good key as if it were brand new."""

    kind: Literal["key_not_propagated"] = "key_not_propagated"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Refuse every call that shows a key; a call without one goes on to be refused for that."""
        if not call.credential.shown:
            return proceed(call)
        return refusal_reply(call, Problem("key_propagating", "Injected", raised_in="authenticate"))
