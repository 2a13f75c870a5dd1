"""The stages of every call, in order. Read this file first.

A stage is ``(call, proceed) -> Reply``: it acts before and after ``proceed``, or returns a reply without calling it.
Stages never sleep and never use a socket: they wait with ``call.wait`` and damage the connection with ``reply.wire``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mockserver.engine import faults as fault_package
from mockserver.engine.core.call import Call, Proceed, Stage, TraceStep
from mockserver.engine.core.problem import Problem, StaleEpoch
from mockserver.engine.core.provider import DEFAULT_STAGES
from mockserver.engine.core.reply import Reply
from mockserver.engine.core.unavailable_space import UNAVAILABLE_SPACE
from mockserver.engine.faults.stage import faults
from mockserver.engine.pipeline.authenticate import authenticate
from mockserver.engine.pipeline.decorate import decorate
from mockserver.engine.pipeline.idempotency import idempotency
from mockserver.engine.pipeline.journal import journal
from mockserver.engine.pipeline.latency import latency
from mockserver.engine.pipeline.locate import locate
from mockserver.engine.pipeline.ratelimit import ratelimit
from mockserver.engine.pipeline.validate import validate

STAGES: tuple[Stage, ...] = (
    journal,  # records the call and what every stage below decided
    faults,  # fault rules: respond instead, lose the response, damage the bytes
    decorate,  # headers the provider sends on every response: request id, server name
    locate,  # unknown path or method
    authenticate,  # which key, is it valid, may it do this
    ratelimit,  # token bucket and quota
    idempotency,  # has this request been executed before
    latency,  # simulated duration
    validate,  # query and body against the operation's models
)  # then perform: the operation's function, in one transaction
DEFAULT_STAGES[:] = STAGES
IDLE_CONDITIONS: dict[Stage, Callable[[Call], bool]] = {
    faults: lambda call: not call.sandbox.ruleset.call_rules,
    locate: lambda call: call.operation is not None and call.operation.available_if is None,
    idempotency: lambda call: call.sandbox.provider.idempotency is None,
    latency: lambda call: call.sandbox.latency is None,
}
"""By stage: whether it has nothing to do for a call. An idle stage is traced but not called."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, section 9.2.1)."""


@lru_cache(maxsize=64)
def build_pipeline(stages: tuple[Stage, ...]) -> Proceed:
    """Composes the stages and ``perform`` into one function, the first stage outermost."""
    proceed: Proceed = perform
    for stage in reversed(stages):
        proceed = _bind_stage(_resolve_stage(stage), proceed)
    return proceed


def _resolve_stage(named: Any) -> Stage:
    # Version 0.1.0 exported the stage as ``faults``. That is now the package, which such a provider passes here.
    stage: Stage = faults if named is fault_package else named
    if not callable(stage):
        raise TypeError(f"{named!r} is not a stage; a stage is a function (call, proceed) -> Reply")
    return stage


def _bind_stage(stage: Stage, proceed: Proceed) -> Proceed:
    name, is_idle = stage.__name__, IDLE_CONDITIONS.get(stage)

    def run(call: Call) -> Reply:
        step = TraceStep(name)
        call.trace.append(step)
        try:
            reply = proceed(call) if is_idle is not None and is_idle(call) else stage(call, proceed)
        except Problem as problem:
            reply = _render_refusal(call, problem, step)
        step.status = reply.status
        return reply

    return run


def _render_refusal(call: Call, problem: Problem, step: TraceStep) -> Reply:
    problem.raised_in = problem.raised_in or step.stage
    step.note = step.note or str(problem)
    # The traceback's frames refer to the call, and the journal keeps the problem: a cycle would delay freeing both.
    problem.__traceback__ = problem.__context__ = problem.__cause__ = None
    return call.sandbox.provider.dialect.render_problem(call, problem)


def perform(call: Call) -> Reply:
    """Runs the operation in one transaction, which is rolled back on an error. Raises StaleEpoch after a reset."""
    assert call.operation is not None
    step = TraceStep("perform")
    call.trace.append(step)
    try:
        if call.operation.prepare is not None:
            call.prepared = call.operation.prepare(call)
        read_only = call.method in SAFE_METHODS and not call.before_commit
        with call.sandbox.transaction(read_only=read_only) as space:
            if call.epoch != call.sandbox.epoch and not read_only:
                raise StaleEpoch("the sandbox was reset while this call was under way")
            call.space = space
            reply = call.operation.perform(call)
            for write in call.before_commit:
                write(space, call, reply)
    except Problem as problem:
        reply = _render_refusal(call, problem, step)
    finally:
        call.space = UNAVAILABLE_SPACE
    step.status = reply.status
    return reply
