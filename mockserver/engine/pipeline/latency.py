"""The stage that takes as long as the real one does."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def latency(call: Call, proceed: Proceed) -> Reply:
    """Wait as long as the sandbox's latency says; inside idempotency, so that equal requests can meet in flight."""
    distribution = call.sandbox.latency
    if distribution is not None:
        seconds = distribution.draw(call.sandbox.randomness.uniform("latency", call.serial))
        call.note(f"waited {seconds * 1000:.0f} ms")
        call.wait(seconds)
    return proceed(call)
