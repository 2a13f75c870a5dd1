"""Moves the clock of a sandbox after running the timers and deliveries that become due; an error cancels the move."""

from __future__ import annotations

from typing import Any, Protocol

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.clock import LATEST_INSTANT, Clock, wall_time
from mockserver.engine.core.problem import Conflict, Refusal
from mockserver.engine.sandbox.timer_runner import TimerRunner
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import StoreError


class ClockOwner(SandboxView, Protocol):
    """The part of a sandbox that a move of its clock uses."""

    clock: Clock

    @property
    def timer_runner(self) -> TimerRunner: ...
    @property
    def outbox(self) -> Outbox: ...


def move_clock_to(sandbox: ClockOwner, clock: Clock) -> list[dict[str, Any]]:
    """Runs the timers and deliveries due until the new time, then sets the clock; returns the timers' results.

    Raises Refusal outside the years 1970 to 9999, Conflict when the sandbox is reset during the move. After an error
    the clock has its old time.
    """
    wall_now = wall_time()
    target = wall_now + clock.offset if clock.frozen_at is None else clock.frozen_at
    if not 0 <= target <= LATEST_INSTANT:
        raise Refusal("the clock must show a time in the years 1970 to 9999")
    old_clock, old_now = sandbox.clock, sandbox.clock.now(wall_now)
    results = _run_until(sandbox, target)
    try:
        _store_clock(sandbox, clock, is_backwards=target < old_now)
    except StoreError:
        sandbox.clock = old_clock
        raise
    sandbox.clock = clock
    sandbox.outbox.wake()  # The next due instant may be closer in real time now.
    return results


def _store_clock(sandbox: ClockOwner, clock: Clock, *, is_backwards: bool) -> None:
    with sandbox.transaction() as space:
        space.put("_sandbox", {"id": "clock", "offset": clock.offset, "frozen_at": clock.frozen_at})
        if is_backwards:
            space.drop("_buckets", "calls")  # It was last refilled at an instant that is in the future now.


def _run_until(sandbox: ClockOwner, target: int) -> list[dict[str, Any]]:
    """Runs timers and deliveries due until ``target``. The clock shows the due instant of each while it runs."""
    epoch, old_clock = sandbox.epoch, sandbox.clock

    def show_instant(instant: int) -> None:
        if sandbox.epoch != epoch:
            raise Conflict(f"the sandbox {sandbox.id!r} was reset while its clock was moving")
        frozen_at = sandbox.clock.frozen_at
        if instant > (sandbox.clock_time() if frozen_at is None else frozen_at):
            sandbox.clock = Clock(frozen_at=instant)

    try:
        results = sandbox.timer_runner.catch_up(target, show_instant)
    except BaseException:
        sandbox.clock = old_clock if sandbox.epoch == epoch else sandbox.clock
        raise
    show_instant(0)  # Checks the epoch a last time.
    return results
