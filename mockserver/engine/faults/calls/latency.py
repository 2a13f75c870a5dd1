"""The fault kind ``latency``."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault


class Latency(Fault):
    """Waits for a random time from the distribution, then performs the operation."""

    kind: Literal["latency"] = "latency"
    distribution: Distribution

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        assert call.rng is not None
        call.wait(self.distribution.draw(call.rng.uniform("latency")))
        return proceed(call)
