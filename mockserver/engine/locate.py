"""The stage that refuses what the provider does not have."""

from __future__ import annotations

from collections.abc import Callable

from mockserver.engine.call import Call, Reply
from mockserver.engine.problem import Problem


def locate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Let only documented operations through; others hear it in the provider's own words."""
    operation = call.operation
    if operation is not None and (operation.offered is None or operation.offered(call.sandbox.assumptions)):
        return proceed(call)
    if operation is not None or call.allowed is not None:
        headers = [("Allow", ", ".join(sorted(call.allowed or ())))]
        raise Problem("method_not_allowed", f"{call.method} is not allowed here", headers=headers)
    raise Problem("no_such_path", f"There is nothing at {call.path[:200]}")
