"""The stage that refuses what the provider does not have."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply


def locate(call: Call, proceed: Proceed) -> Reply:
    """Let only documented operations through; others hear it in the provider's own words."""
    operation = call.operation
    if operation is not None and operation.is_available(call.sandbox.assumptions):
        return proceed(call)
    if operation is not None or call.allowed is not None:
        headers = [("Allow", ", ".join(_allowed_methods(call)))]
        raise Problem("method_not_allowed", f"{call.method} is not allowed here", headers=headers)
    raise Problem("no_such_path", f"There is nothing at {call.path[:200]}")


def _allowed_methods(call: Call) -> list[str]:
    """The methods the path has, without those this sandbox does not offer."""
    parts = call.path.removeprefix(call.mount).split("/")
    here = [op for op in call.sandbox.provider.operations if _path_matches(op.path.split("/"), parts)]
    offered = {op.method for op in here if op.is_available(call.sandbox.assumptions)}
    # HEAD was taken for the GET it resembles, so what routing knows of the path may not be all.
    return sorted((set(call.allowed or ()) - {op.method for op in here}) | offered)


def _path_matches(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        own.startswith("{") or own == part for own, part in zip(pattern, parts, strict=True)
    )
