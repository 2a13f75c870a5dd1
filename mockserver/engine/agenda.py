"""What is to happen in one sandbox and when: timers run, and deliveries leave, each at its own instant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mockserver.engine import scheduler
from mockserver.engine.clock import iso
from mockserver.engine.dialect import as_json
from mockserver.engine.problem import Problem, Refusal
from mockserver.engine.provider import Moment
from mockserver.storage.base import Record, Space

if TYPE_CHECKING:
    from mockserver.engine.keys import Key
    from mockserver.engine.sandbox import Sandbox

_log = logging.getLogger("testmode")


def _stay(instant: int) -> None:
    """Leave the clock where it is."""


def _due(timer: Record | None) -> int | None:
    return None if timer is None else int(timer["due"])


class Agenda:
    """The timers of a sandbox, and the order of time between them and what is on its way out."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.next_due: int | None = None
        """When the next timer is due, or None while none waits."""

    def read(self, space: Space) -> None:
        """Take over what the store holds."""
        self.next_due = _due(next(scheduler.pending(space), None))

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant, within a transaction; answers the timer's id."""
        id = scheduler.schedule(space, due, action, parameters)
        # Should the transaction fail, whoever looks for what is due finds nothing, and the true next one.
        self.read(space)
        self._sandbox.outbox.wake()
        return id

    def run(self, until: int) -> list[dict[str, Any]]:
        """Do what falls due, in order, each in a transaction of its own at its own instant; tells what was done."""
        done: list[dict[str, Any]] = []
        while (told := self._run_next(until)) is not None:
            done.append(told)
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
            reach(instant)
            if instant == self._sandbox.outbox.next_due:
                # Nobody outside is told of what a power cut could still undo.
                settled = self._settle(settled, len(done))
                self._sandbox.outbox.deliver_next(instant)
            elif (told := self._run_next(instant)) is not None:
                done.append(told)
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

    def _run_next(self, until: int) -> dict[str, Any] | None:
        due = self.next_due
        try:
            return self._run_first(until)
        except BaseException:
            # The disk has not taken it, or a simulation has a bug: the timer still waits.
            self.next_due = due
            raise

    def _run_first(self, until: int) -> dict[str, Any] | None:
        told: dict[str, Any] = {}
        keys: list[Key] = []
        try:
            with self._sandbox.transaction(wait=False) as space:
                waiting = islice(scheduler.pending(space), 2)
                timer, behind = next(waiting, None), next(waiting, None)
                if timer is None or int(timer["due"]) > until:
                    self.next_due = _due(timer)
                    return None
                self.next_due = _due(behind)
                told = {"id": timer["id"], "at": iso(int(timer["due"])), "action": timer["action"]}
                told["result"] = self._fall_due(space, timer, keys)
        except (Refusal, Problem, ValidationError) as refusal:
            # What it had done so far is undone, its timer's end too.
            with self._sandbox.transaction(wait=False) as space:
                space.drop(scheduler.KEPT, told["id"])
                self.read(space)
            _log.warning("%s: what was due at %s could not be done: %s", self._sandbox.id, told["at"], refusal)
            return {**told, "error": str(refusal)}
        self._sandbox.keyring.adopt(keys)
        return told

    def _fall_due(self, space: Space, timer: Record, keys: list[Key]) -> dict[str, Any]:
        space.drop(scheduler.KEPT, timer["id"])
        moment = Moment(self._sandbox, int(timer["due"]), space, keys)
        # An imported state may have timers this provider knows nothing of.
        simulation = self._sandbox.provider.simulation(timer["action"])
        return dict(simulation.run(moment, simulation.parameters.model_validate_json(as_json(timer["parameters"]))))
