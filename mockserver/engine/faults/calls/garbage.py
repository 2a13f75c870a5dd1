"""The fault kind ``garbage``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply, Wire
from mockserver.engine.faults.base import Fault


class Garbage(Fault):
    """Sends random bytes that are not HTTP, then closes the connection, without performing the operation."""

    kind: Literal["garbage"] = "garbage"
    bytes: int = Field(default=128, ge=1, le=65_536, description="The number of random bytes.")

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """Returns random bytes, determined by the seed, the rule and the number of matching calls."""
        assert call.rng is not None
        noise = call.rng.bytes("garbage", self.bytes)
        # The first byte is 0xFF, so that no client takes the bytes for a status line or for HTTP/0.9.
        return Reply(0, body=b"\xff" + noise[1:], wire=Wire(head=False))
