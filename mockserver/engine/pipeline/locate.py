"""The stage that refuses unknown paths and methods."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply


def locate(call: Call, proceed: Proceed) -> Reply:
    """Refuses a call without an operation, or whose operation this sandbox does not have."""
    operation = call.operation
    if operation is not None and operation.is_available(call.sandbox.assumptions):
        return proceed(call)
    if operation is not None or call.allowed is not None:
        headers = [("Allow", ", ".join(_allowed_methods(call)))]
        raise Problem("method_not_allowed", f"{call.method} is not allowed here", headers=headers)
    raise Problem("no_such_path", f"There is nothing at {call.path[:200]}")


def _allowed_methods(call: Call) -> list[str]:
    """Returns the methods of the path that this sandbox has."""
    parts = call.path.removeprefix(call.mount).split("/")
    matching = [op for op in call.sandbox.provider.operations if _path_matches(op.path.split("/"), parts)]
    available = {op.method for op in matching if op.is_available(call.sandbox.assumptions)}
    # Routing treats HEAD as GET, so call.allowed can lack a method of the path.
    return sorted((set(call.allowed or ()) - {op.method for op in matching}) | available)


def _path_matches(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        own.startswith("{") or own == part for own, part in zip(pattern, parts, strict=True)
    )
