"""How a sandbox's clock is moved: through every instant at which something is due, and there or nowhere."""

from __future__ import annotations

from typing import Any, Protocol

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.clock import LATEST_INSTANT, Clock, wall_time
from mockserver.engine.core.problem import Conflict, Refusal
from mockserver.engine.sandbox.timer_runner import TimerRunner
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import StoreError


class ClockOwner(SandboxView, Protocol):
    """A sandbox whose clock is moved."""

    clock: Clock

    @property
    def timer_runner(self) -> TimerRunner: ...
    @property
    def outbox(self) -> Outbox: ...


def move_clock_to(sandbox: ClockOwner, clock: Clock) -> list[dict[str, Any]]:
    """Have a sandbox show another time; tells what was due until then, and is done.

    Refusal outside the years a clock can show; Taken when the sandbox is reset meanwhile.
    """
    here = wall_time()
    target = here + clock.offset if clock.frozen_at is None else clock.frozen_at
    if not 0 <= target <= LATEST_INSTANT:
        raise Refusal("the clock goes from 1970 to 9999")
    left, before = sandbox.clock, sandbox.clock.now(here)
    done = _run_until(sandbox, target)
    try:
        _store_clock(sandbox, clock, back=target < before)
    except StoreError:
        sandbox.clock = left
        raise
    sandbox.clock = clock
    sandbox.outbox.wake()  # What is due next may have come nearer.
    return done


def _store_clock(sandbox: ClockOwner, clock: Clock, *, back: bool) -> None:
    with sandbox.transaction() as space:
        space.put("_sandbox", {"id": "clock", "offset": clock.offset, "frozen_at": clock.frozen_at})
        if back:
            space.drop("_buckets", "calls")  # It was last filled at an instant that is yet to come.


def _run_until(sandbox: ClockOwner, target: int) -> list[dict[str, Any]]:
    """Do what is due until then; whoever asks meanwhile, a receiver of webhooks too, sees time pass."""
    epoch, left = sandbox.epoch, sandbox.clock

    def reach(instant: int) -> None:
        if sandbox.epoch != epoch:
            raise Conflict(f"the sandbox {sandbox.id!r} was reset while its clock was moving")
        shown = sandbox.clock.frozen_at
        if instant > (sandbox.clock_time() if shown is None else shown):
            sandbox.clock = Clock(frozen_at=instant)

    try:
        done = sandbox.timer_runner.catch_up(target, reach)
    except BaseException:
        sandbox.clock = left if sandbox.epoch == epoch else sandbox.clock
        raise
    reach(0)
    return done
