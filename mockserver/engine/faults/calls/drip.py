"""Sends the answer a few bytes at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Pace, Reply, Wire
from mockserver.engine.faults.base import Fault


class Drip(Fault):
    """Sends a few bytes, waits, and again."""

    kind: Literal["drip"] = "drip"
    bytes: int = Field(default=8, ge=1, le=65_536)
    every_ms: float = Field(default=100, ge=1, le=60_000)

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Do the work, and let the client wait for each piece of the answer."""
        reply = proceed(call)
        reply.wire = replace(reply.wire or Wire(), pace=Pace(self.bytes, self.every_ms / 1000))
        return reply
