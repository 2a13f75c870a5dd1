"""The fault kind ``truncated``."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Truncated(Fault):
    """Performs the operation, then closes the connection after the headers and part of the body."""

    kind: Literal["truncated"] = "truncated"
    fraction: float = Field(
        default=0.5, ge=0, lt=1, description="The part of the body that is sent; Content-Length counts the whole body."
    )

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        wire, cut = reply.wire or Wire(), int(len(reply.body) * self.fraction)
        reply.wire = replace(wire, cut_after=cut if wire.cut_after is None else min(cut, wire.cut_after))
        return reply
