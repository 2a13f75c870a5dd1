"""Lifecycles: declared state machines whose transitions happen by call, by simulation, or when due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from mockserver.engine.core.problem import Problem
from mockserver.engine.core.simulation import Simulation, SimulationContext, WriteContext
from mockserver.storage.base import Record

TIMER_SIMULATION = "fall_due"
"""The name of the simulation that performs timed transitions."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A named step from any of ``sources`` to ``target``."""

    name: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class TimedTransition:
    """A transition that a timer performs on a record in ``state``."""

    state: str
    due: Callable[[WriteContext, Record], int | None]
    """(at, record) -> the instant of the transition, or None for never; called when the state is entered or updated."""
    transition: Callable[[SimulationContext, Record], str | None]
    """(context, record) -> the name of the transition, or None for none; called when it is due."""


def _leave_unchanged(at: WriteContext, record: dict[str, Any]) -> None:
    """The default for ``before_enter`` and ``after_enter``: does nothing."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states and transitions of one kind of record."""

    kind: str
    """The name of the record in refusals; unique among the lifecycles of a provider."""
    collection: str
    transitions: tuple[Transition, ...]
    timed_transitions: tuple[TimedTransition, ...] = ()
    before_enter: Mapping[str, Callable[[WriteContext, dict[str, Any]], None]] = field(default_factory=dict)
    """By state: a function that changes the record in place when it enters the state, before it is stored."""
    after_enter: Callable[[WriteContext, Record], None] = _leave_unchanged  # type: ignore[assignment]
    """Called after a record is stored in its new state: emits events, changes dependent records."""
    state_field: str = "status"

    def create(self, at: WriteContext, record: Mapping[str, Any], state: str) -> Record:
        """Stores a new record in its first state; returns the record as stored."""
        return self._enter(at, dict(record), state)

    def apply(self, at: WriteContext, record: Record, step: str, **changes: Any) -> Record:
        """Performs the transition named ``step`` and applies ``changes``; returns the stored record.

        Raises Problem ``invalid_state`` when the record's state does not allow it.
        """
        transition = self.find_transition(record, step)
        if transition is None:
            raise Problem("invalid_state", f"The {self.kind.replace('_', ' ')} is {record[self.state_field]}")
        return self._enter(at, {**record, **changes}, transition.target)

    def update(self, at: WriteContext, record: Record) -> Record:
        """Stores a changed record in its current state and sets its timers again; timers set before are not removed."""
        at.space.put(self.collection, record)
        self._set_timer(at, record, record[self.state_field])
        return record

    def find_transition(self, record: Record, step: str) -> Transition | None:
        """Returns the transition named ``step`` from the record's state, or None."""
        state = record[self.state_field]
        return next((each for each in self.transitions if each.name == step and state in each.sources), None)

    def transition_to(self, record: Record, state: str) -> str | None:
        """Returns the name of a transition from the record's state to ``state``, or None."""
        current = record[self.state_field]
        return next((each.name for each in self.transitions if each.target == state and current in each.sources), None)

    def run_timer(self, context: SimulationContext, id: str, visit: int) -> Record | None:
        """Performs a timed transition, or returns None if the record has left the state since the timer was set.

        ``visit`` is the record's ``_visit`` when the timer was set; it grows whenever the record enters a state.
        """
        record = context.space.get(self.collection, id)
        if record is None or record["_visit"] != visit:
            return None
        step = next(
            (
                each.transition(context, record)
                for each in self.timed_transitions
                if each.state == record[self.state_field]
            ),
            None,
        )
        return None if step is None else self.apply(context, record, step)

    def _enter(self, at: WriteContext, record: dict[str, Any], state: str) -> Record:
        record |= {self.state_field: state, "_visit": record.get("_visit", 0) + 1, "_entered": at.now}
        self.before_enter.get(state, _leave_unchanged)(at, record)
        at.space.put(self.collection, record)
        self._set_timer(at, record, state)
        self.after_enter(at, record)
        return at.space.get(self.collection, record["id"]) or record

    def _set_timer(self, at: WriteContext, record: Record, state: str) -> None:
        for timed in self.timed_transitions:
            due = timed.due(at, record) if timed.state == state else None
            if due is not None:
                parameters = {"kind": self.kind, "id": record["id"], "visit": record["_visit"]}
                at.sandbox.schedule(at.space, max(due, at.now), TIMER_SIMULATION, parameters)


class TimerParameters(BaseModel):
    """The record of a timed transition, and its ``_visit`` when the timer was set."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    kind: str
    id: str
    visit: int


def timer_simulation(lifecycles: Sequence[Lifecycle]) -> Simulation:
    """Returns the simulation that performs timed transitions, which the provider adds to its simulations."""
    by_kind = {each.kind: each for each in lifecycles}

    def run(context: SimulationContext, timer: TimerParameters) -> Mapping[str, Any]:
        lifecycle = by_kind[timer.kind]
        record = lifecycle.run_timer(context, timer.id, timer.visit)
        return {"id": timer.id, lifecycle.state_field: record[lifecycle.state_field] if record else "as it was"}

    return Simulation(
        TIMER_SIMULATION, "Performs the timed transition of a record.", TimerParameters, run, is_public=False
    )
