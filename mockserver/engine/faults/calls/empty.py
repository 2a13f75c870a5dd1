"""Closes the connection without a byte."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Empty(Fault):
    """Does no work and closes the connection in good order, unanswered."""

    kind: Literal["empty"] = "empty"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """End the connection before the status line."""
        return Reply(0, wire=Wire(head=False, cut_after=0))
