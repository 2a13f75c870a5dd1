"""The fault kind ``drip``."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.faults.base import Fault


class Drip(Fault):
    """Performs the operation, then sends the body in small pieces with pauses between them."""

    kind: Literal["drip"] = "drip"
    bytes: int = Field(default=8, ge=1, le=65_536, description="Bytes in a piece.")
    every_ms: float = Field(default=100, ge=1, le=60_000, description="Milliseconds between two pieces.")

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        reply.wire = replace(reply.wire or Wire(), pace=Pace(self.bytes, self.every_ms / 1000))
        return reply
