"""Does the work and stops in the middle of the body."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Truncated(Fault):
    """Sends the head and a part of the body, then closes."""

    kind: Literal["truncated"] = "truncated"
    fraction: float = Field(default=0.5, ge=0, lt=1, description="How much of the body arrives.")

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Announce the whole length, and send less."""
        reply = proceed(call)
        wire, cut = reply.wire or Wire(), int(len(reply.body) * self.fraction)
        reply.wire = replace(wire, cut_after=cut if wire.cut_after is None else min(cut, wire.cut_after))
        return reply
