"""The stage where rules someone set happen to calls: each rule that hits is folded around the rest of the pipeline."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.engine.core.call import Call, Reply
from mockserver.engine.faults.rule import ActiveRule

Proceed = Callable[[Call], Reply]


def faults(call: Call, proceed: Proceed) -> Reply:
    """Let every rule of the sandbox have its way with the call, the lowest priority number outermost."""
    step = call.trace[-1]
    for active in reversed(call.sandbox.ruleset.of_calls):
        proceed = _around(active, proceed)
    reply = proceed(call)
    if call.fired:
        step.note = f"fired: {', '.join(call.fired)}"
        if reply.wire is None or reply.wire.head:
            reply.headers.append(("X-Testmode-Fault", ", ".join(call.fired)))
    return reply


def _around(active: ActiveRule, proceed: Proceed) -> Proceed:
    # Whether the rule hits is asked only when a call gets this far in: a rule further out may answer first.
    def run(call: Call) -> Reply:
        if not active.hits(call):
            return proceed(call)
        call.fired.append(active.rule.id)
        return active.rule.fault.apply(call, proceed)

    return run
