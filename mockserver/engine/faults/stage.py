"""The stage that applies the sandbox's fault rules to calls."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def faults(call: Call, proceed: Proceed) -> Reply:
    """Wraps the rest of the pipeline in every rule; the rule with the lowest priority number is outermost."""
    step = call.trace[-1]
    for active in reversed(call.sandbox.ruleset.call_rules):
        proceed = active.wrap(proceed)
    reply = proceed(call)
    if call.fired:
        step.note = f"fired: {', '.join(call.fired)}"
        if reply.wire is None or reply.wire.head:
            reply.headers.append(("X-Testmode-Fault", ", ".join(call.fired)))
    return reply
