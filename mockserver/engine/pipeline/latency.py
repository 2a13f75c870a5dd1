"""The stage that delays a call by the sandbox's latency."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def latency(call: Call, proceed: Proceed) -> Reply:
    """Waits for the sandbox's latency.

    The stage runs inside ``idempotency``, so that a repeated request can arrive while the first one is in flight.
    """
    distribution = call.sandbox.latency
    if distribution is not None:
        seconds = distribution.draw(call.sandbox.randomness.uniform("latency", call.serial))
        call.note(f"waited {seconds * 1000:.0f} ms")
        call.wait(seconds)
    return proceed(call)
