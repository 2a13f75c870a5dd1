"""What is to happen in one sandbox and when: timers run, and deliveries leave, each at its own instant."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.clock import iso
from mockserver.engine.core.keys import Key
from mockserver.engine.core.moment import Moment
from mockserver.engine.core.problem import Problem, Refusal
from mockserver.engine.core.provider import Provider
from mockserver.engine.sandbox import scheduler
from mockserver.engine.sandbox.keyring import Keyring
from mockserver.engine.webhooks.outbox import Outbox
from mockserver.storage.base import Record, Space

_log = logging.getLogger("testmode")
AT_ONCE = 100
"""So many things are done in one transaction: whoever else wants the sandbox waits for no more than that."""


def _stay(instant: int) -> None:
    """Leave the clock where it is."""


class AgendaOwner(SandboxView, Protocol):
    """The sandbox of an agenda."""

    @property
    def provider(self) -> Provider: ...
    @property
    def keyring(self) -> Keyring[Any]: ...
    @property
    def outbox(self) -> Outbox: ...

    def settle(self) -> None:
        """Wait until everything written is as safe as the store promises."""


class Agenda:
    """The timers of a sandbox, and the order of time between them and what is on its way out."""

    def __init__(self, sandbox: AgendaOwner) -> None:
        self._sandbox = sandbox
        self.next_due: int | None = None
        """When the next timer is due, or None while none waits."""

    def read(self, space: Space) -> None:
        """Take over what the store holds."""
        first = next(scheduler.pending(space), None)
        self.next_due = int(first["due"]) if first else None

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant, within a transaction; answers the timer's id."""
        id = scheduler.schedule(space, due, action, parameters)
        # Should the transaction fail, whoever looks for what is due finds nothing, and the true next one.
        self.read(space)
        self._sandbox.outbox.wake()
        return id

    def run(self, until: int) -> list[dict[str, Any]]:
        """Do what falls due, in order, each at its own instant; tells what was done."""
        done: list[dict[str, Any]] = []
        while told := self._run_some(until):
            done += told
        if done:
            self._sandbox.settle()
        return done

    def catch_up(self, until: int, reach: Callable[[int], None] = _stay) -> list[dict[str, Any]]:
        """Do what falls due and deliver what is on its way out, in the order of time; tells what was done.

        ``reach`` is told of every instant something happens at, before it does.
        """
        done: list[dict[str, Any]] = []
        settled = 0
        while (instant := self.soonest) is not None and instant <= until:
            if self._leaves_by(instant):
                reach(instant)
                # Nobody outside is told of what a power cut could still undo.
                settled = self._settle(settled, len(done))
                self._sandbox.outbox.deliver_next(instant)
            else:
                done += self._run_some(until, reach, in_turn=True)
        self._settle(settled, len(done))
        return done

    def _settle(self, settled: int, done: int) -> int:
        """Wait once for all that has been done; answers how many that is."""
        if done > settled:
            self._sandbox.settle()
        return done

    @property
    def soonest(self) -> int | None:
        """When something is to be done or delivered next, or None while nothing waits."""
        return min((due for due in (self.next_due, self._sandbox.outbox.next_due) if due is not None), default=None)

    def _leaves_by(self, instant: int) -> bool:
        """Whether a delivery is due by an instant: it leaves before what is done then."""
        leaves = self._sandbox.outbox.next_due
        return leaves is not None and leaves <= instant

    def _run_some(
        self, until: int, reach: Callable[[int], None] = _stay, *, in_turn: bool = False
    ) -> list[dict[str, Any]]:
        """Do what is due next in one transaction: all of it, or none where that is not kept.

        ``in_turn`` stops before what is to be done after a delivery.
        """
        due = self.next_due
        try:
            return self._run_together(until, reach, in_turn)
        except BaseException:
            # The disk has not taken it, or a simulation has a bug: the timer still waits.
            self.next_due = due
            raise

    def _run_together(self, until: int, reach: Callable[[int], None], in_turn: bool) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        keys: list[Key] = []
        with self._sandbox.transaction(wait=False) as space:
            # Whoever looks for a key finds those that have been kept.
            for due, timer in scheduler.due_by(space, until, AT_ONCE):
                if keys or (told and in_turn and self._leaves_by(due)):
                    break
                reach(due)
                try:
                    told.append(self._done(space, due, timer, keys))
                except Exception:
                    if not told:
                        raise
                    break  # What was done before is kept; the next time this comes first.
            self.read(space)
        self._sandbox.keyring.adopt(keys)
        return told

    def _done(self, space: Space, due: int, timer: Record, keys: list[Key]) -> dict[str, Any]:
        """Do one thing, or nothing of it and forget it, where it cannot be done; tells which."""
        told = {"id": timer["id"], "at": iso(due), "action": timer["action"]}
        moment = Moment(self._sandbox, due, space)
        try:
            with space.attempt():
                space.drop(scheduler.KEPT, timer["id"])
                told["result"] = self._fall_due(moment, timer)
        except (Refusal, Problem, ValidationError) as refusal:
            space.drop(scheduler.KEPT, timer["id"])
            _log.warning("%s: what was due at %s could not be done: %s", self._sandbox.id, told["at"], refusal)
            return {**told, "error": str(refusal)}
        keys += moment.keys
        return told

    def _fall_due(self, moment: Moment, timer: Record) -> Mapping[str, Any]:
        # An imported state may have timers this provider knows nothing of.
        simulation = self._sandbox.provider.simulation(timer["action"])
        return simulation.run(moment, simulation.parameters.model_validate(timer["parameters"]))
