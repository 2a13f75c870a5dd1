"""Runs the timers and deliveries of one sandbox in the order of their due instants."""

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
"""Timers per transaction. It limits how long calls wait for the sandbox's lock."""


def _keep_clock(instant: int) -> None:
    """The default for ``on_instant``: does nothing."""


class TimerOwner(SandboxView, Protocol):
    """The part of a sandbox that its timers use."""

    @property
    def provider(self) -> Provider: ...
    @property
    def keyring(self) -> Keyring[Any]: ...
    @property
    def outbox(self) -> Outbox: ...

    def wait_until_durable(self) -> None: ...


class TimerRunner:
    """Runs the due timers of a sandbox, alone or together with its due deliveries."""

    def __init__(self, sandbox: TimerOwner) -> None:
        self._sandbox = sandbox
        self.next_due: int | None = None
        """The instant of the earliest timer, or None."""

    def reload(self, space: Space) -> None:
        first = next(timers.pending(space), None)
        self.next_due = int(first["due"]) if first else None

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Schedules a simulation in the caller's transaction; returns the id of the timer."""
        id = timers.schedule(space, due, action, parameters)
        # If the transaction fails, next_due is too early; the next run then finds nothing due and corrects it.
        self.reload(space)
        self._sandbox.outbox.wake()
        return id

    def run(self, until: int) -> None:
        """Runs the timers due at ``until`` or before, in order; returns when their effects are durable."""
        while self._run_batch(until):
            pass
        self._sandbox.wait_until_durable()

    def catch_up(self, until: int, on_instant: Callable[[int], None] = _keep_clock) -> list[dict[str, Any]]:
        """Runs timers and sends deliveries due at ``until`` or before, by due instant; returns the timers' results.

        ``on_instant`` is called with the due instant of each timer and delivery before it runs or is sent.
        """
        results: list[dict[str, Any]] = []
        durable_count = 0
        while (instant := self.next_instant) is not None and instant <= until:
            if self._has_delivery_due(instant):
                on_instant(instant)
                # A delivery must not announce a change that a power failure could still undo.
                durable_count = self._wait_until_durable(durable_count, len(results))
                self._sandbox.outbox.deliver_next(instant)
            else:
                results += self._run_batch(until, on_instant, stop_before_delivery=True)
        self._wait_until_durable(durable_count, len(results))
        return results

    def _wait_until_durable(self, durable_count: int, run_count: int) -> int:
        """Waits if more timers have run than are durable; returns how many are durable now."""
        if run_count > durable_count:
            self._sandbox.wait_until_durable()
        return run_count

    @property
    def next_instant(self) -> int | None:
        """The instant of the earliest timer or delivery, or None."""
        return min((due for due in (self.next_due, self._sandbox.outbox.next_due) if due is not None), default=None)

    def _has_delivery_due(self, instant: int) -> bool:
        """Whether a delivery is due at ``instant`` or before. It is sent before a timer with the same instant."""
        due = self._sandbox.outbox.next_due
        return due is not None and due <= instant

    def _run_batch(
        self, until: int, on_instant: Callable[[int], None] = _keep_clock, *, stop_before_delivery: bool = False
    ) -> list[dict[str, Any]]:
        """Runs the next due timers in one transaction and returns their results.

        With ``stop_before_delivery`` the batch ends before a timer that a due delivery precedes.
        """
        due = self.next_due
        try:
            return self._run_in_transaction(until, on_instant, stop_before_delivery)
        except BaseException:
            # The store failed or a simulation has a bug, so the timers are still waiting.
            self.next_due = due
            raise

    def _run_in_transaction(
        self, until: int, on_instant: Callable[[int], None], stop_before_delivery: bool
    ) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        keys: list[Key] = []
        with self._sandbox.transaction(wait=False) as space:
            for due, timer in timers.due_timers(space, until, TIMERS_PER_TRANSACTION):
                # A timer that changes keys ends the batch: keys are activated after the commit, and the next timer
                # must find them.
                if keys or (results and stop_before_delivery and self._has_delivery_due(due)):
                    break
                on_instant(due)
                try:
                    results.append(self._run_timer(space, due, timer, keys))
                except Exception:
                    if not results:
                        raise
                    break  # The timers before this one are committed; the next batch starts with it and raises.
            self.reload(space)
        self._sandbox.keyring.activate(keys)
        return results

    def _run_timer(self, space: Space, due: int, timer: Record, keys: list[Key]) -> dict[str, Any]:
        """Runs one timer and deletes it. A simulation that refuses is rolled back; the result has its message."""
        result = {"id": timer["id"], "at": format_instant(due), "action": timer["action"]}
        context = SimulationContext(self._sandbox, due, space)
        try:
            with space.savepoint():
                space.drop(timers.COLLECTION, timer["id"])
                result["result"] = self._run_simulation(context, timer)
        except (Refusal, Problem, ValidationError) as refusal:
            space.drop(timers.COLLECTION, timer["id"])
            _log.warning("%s: the timer due at %s was refused: %s", self._sandbox.id, result["at"], refusal)
            return {**result, "error": str(refusal)}
        keys += context.keys
        return result

    def _run_simulation(self, context: SimulationContext, timer: Record) -> Mapping[str, Any]:
        # An imported state may have timers whose simulation this provider does not have.
        simulation = self._sandbox.provider.get_simulation(timer["action"])
        return simulation.run(context, simulation.parameters.model_validate(timer["parameters"]))
