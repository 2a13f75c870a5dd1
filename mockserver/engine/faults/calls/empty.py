"""The fault kind ``empty``."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Empty(Fault):
    """Closes the connection without a response and without performing the operation."""

    kind: Literal["empty"] = "empty"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        return Reply(0, wire=Wire(head=False, cut_after=0))
