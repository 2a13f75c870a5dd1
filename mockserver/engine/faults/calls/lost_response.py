"""The fault kind ``lost_response``: the failure from which idempotency keys protect a client."""

from __future__ import annotations

from math import inf
from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault

_LOSSES = {
    "reset": Wire(head=False, cut_after=0, reset=True),
    "empty": Wire(head=False, cut_after=0),
    "hang": Wire(hold=inf, head=False, cut_after=0),
}


class LostResponse(Fault):
    """Performs the operation, then resets or closes the connection, or hangs, instead of sending the response."""

    kind: Literal["lost_response"] = "lost_response"
    how: Literal["reset", "empty", "hang"] = "reset"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        reply.wire = _LOSSES[self.how]
        return reply
