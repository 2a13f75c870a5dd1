"""What is to happen in one sandbox and when: timers run, and deliveries leave, each at its own instant."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.clock import format_instant
from mockserver.engine.core.keys import Key
from mockserver.engine.core.problem import Problem, Refusal
from mockserver.engine.core.provider import Provider
from mockserver.engine.core.simulation import SimulationContext
from mockserver.engine.sandbox import timers
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import Record, Space

_log = logging.getLogger("testmode")
TIMERS_PER_TRANSACTION = 100
"""So many things are done in one transaction: whoever else wants the sandbox waits for no more than that."""


def _keep_clock(instant: int) -> None:
    """Leave the clock where it is."""


class TimerOwner(SandboxView, Protocol):
    """The sandbox of an agenda."""

    @property
    def provider(self) -> Provider: ...
    @property
    def keyring(self) -> Keyring[Any]: ...
    @property
    def outbox(self) -> Outbox: ...

    def wait_until_durable(self) -> None:
        """Wait until everything written is as safe as the store promises."""


class TimerRunner:
    """The timers of a sandbox, and the order of time between them and what is on its way out."""

    def __init__(self, sandbox: TimerOwner) -> None:
        self._sandbox = sandbox
        self.next_due: int | None = None
        """When the next timer is due, or None while none waits."""

    def reload(self, space: Space) -> None:
        """Take over what the store holds."""
        first = next(timers.pending(space), None)
        self.next_due = int(first["due"]) if first else None

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant, within a transaction; answers the timer's id."""
        id = timers.schedule(space, due, action, parameters)
        # Should the transaction fail, whoever looks for what is due finds nothing, and the true next one.
        self.reload(space)
        self._sandbox.outbox.wake()
        return id

    def run(self, until: int) -> list[dict[str, Any]]:
        """Do what falls due, in order, each at its own instant; tells what was done."""
        done: list[dict[str, Any]] = []
        while told := self._run_batch(until):
            done += told
        if done:
            self._sandbox.wait_until_durable()
        return done

    def catch_up(self, until: int, reach: Callable[[int], None] = _keep_clock) -> list[dict[str, Any]]:
        """Do what falls due and deliver what is on its way out, in the order of time; tells what was done.

        ``reach`` is told of every instant something happens at, before it does.
        """
        done: list[dict[str, Any]] = []
        settled = 0
        while (instant := self.next_instant) is not None and instant <= until:
            if self._has_delivery_due(instant):
                reach(instant)
                # Nobody outside is told of what a power cut could still undo.
                settled = self._wait_until_durable(settled, len(done))
                self._sandbox.outbox.deliver_next(instant)
            else:
                done += self._run_batch(until, reach, before_delivery=True)
        self._wait_until_durable(settled, len(done))
        return done

    def _wait_until_durable(self, settled: int, done: int) -> int:
        """Wait once for all that has been done; answers how many that is."""
        if done > settled:
            self._sandbox.wait_until_durable()
        return done

    @property
    def next_instant(self) -> int | None:
        """When something is to be done or delivered next, or None while nothing waits."""
        return min((due for due in (self.next_due, self._sandbox.outbox.next_due) if due is not None), default=None)

    def _has_delivery_due(self, instant: int) -> bool:
        """Whether a delivery is due by an instant: it leaves before what is done then."""
        leaves = self._sandbox.outbox.next_due
        return leaves is not None and leaves <= instant

    def _run_batch(
        self, until: int, reach: Callable[[int], None] = _keep_clock, *, before_delivery: bool = False
    ) -> list[dict[str, Any]]:
        """Do what is due next in one transaction: all of it, or none where that is not kept.

        ``in_turn`` stops before what is to be done after a delivery.
        """
        due = self.next_due
        try:
            return self._run_in_transaction(until, reach, before_delivery)
        except BaseException:
            # The disk has not taken it, or a simulation has a bug: the timer still waits.
            self.next_due = due
            raise

    def _run_in_transaction(self, until: int, reach: Callable[[int], None], in_turn: bool) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        keys: list[Key] = []
        with self._sandbox.transaction(wait=False) as space:
            # Whoever looks for a key finds those that have been kept.
            for due, timer in timers.due_timers(space, until, TIMERS_PER_TRANSACTION):
                if keys or (told and in_turn and self._has_delivery_due(due)):
                    break
                reach(due)
                try:
                    told.append(self._run_timer(space, due, timer, keys))
                except Exception:
                    if not told:
                        raise
                    break  # What was done before is kept; the next time this comes first.
            self.reload(space)
        self._sandbox.keyring.activate(keys)
        return told

    def _run_timer(self, space: Space, due: int, timer: Record, keys: list[Key]) -> dict[str, Any]:
        """Do one thing, or nothing of it and forget it, where it cannot be done; tells which."""
        told = {"id": timer["id"], "at": format_instant(due), "action": timer["action"]}
        moment = SimulationContext(self._sandbox, due, space)
        try:
            with space.savepoint():
                space.drop(timers.COLLECTION, timer["id"])
                told["result"] = self._run_simulation(moment, timer)
        except (Refusal, Problem, ValidationError) as refusal:
            space.drop(timers.COLLECTION, timer["id"])
            _log.warning("%s: what was due at %s could not be done: %s", self._sandbox.id, told["at"], refusal)
            return {**told, "error": str(refusal)}
        keys += moment.keys
        return told

    def _run_simulation(self, moment: SimulationContext, timer: Record) -> Mapping[str, Any]:
        # An imported state may have timers this provider knows nothing of.
        simulation = self._sandbox.provider.get_simulation(timer["action"])
        return simulation.run(moment, simulation.parameters.model_validate(timer["parameters"]))
