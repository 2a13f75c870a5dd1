"""Resets the TCP connection instead of answering."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Reset(Fault):
    """Does no work and resets the connection."""

    kind: Literal["reset"] = "reset"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """Send a RST where an answer should be."""
        return Reply(0, wire=Wire(head=False, cut_after=0, reset=True))
