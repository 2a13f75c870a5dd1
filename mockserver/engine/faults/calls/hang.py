"""The fault kind ``hang``."""

from __future__ import annotations

from math import inf
from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Hang(Fault):
    """Sends nothing until the client closes the connection, without performing the operation."""

    kind: Literal["hang"] = "hang"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        return Reply(0, wire=Wire(hold=inf, head=False, cut_after=0))
