"""Answers with bytes that are no HTTP, then closes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Garbage(Fault):
    """Does no work and sends random bytes."""

    kind: Literal["garbage"] = "garbage"
    bytes: int = Field(default=128, ge=1, le=65_536)

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """Send noise; the nth hit of a rule always sends the same."""
        assert call.rng is not None
        noise = call.rng.bytes("garbage", self.bytes)
        # A first byte no status line can begin with, so that no client takes the noise for HTTP/0.9.
        return Reply(0, body=b"\xff" + noise[1:], wire=Wire(head=False))
