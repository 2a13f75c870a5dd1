"""Declared state machines: which step leads from which state where, by call, by simulation, or when it falls due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from mockserver.engine.core.problem import Problem
from mockserver.engine.core.simulation import Simulation, SimulationContext, WriteContext
from mockserver.storage.base import Record

TIMER_SIMULATION = "fall_due"
"""The simulation that takes a timed step."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from any of these states to another."""

    name: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class TimedTransition:
    """What happens to a record by itself once it has been in a state for long enough."""

    state: str
    due: Callable[[WriteContext, Record], int | None]
    """(at, record) -> the instant it happens, or None for never."""
    transition: Callable[[SimulationContext, Record], str | None]
    """(moment, record) -> the step that is taken then, or None for none."""


def _leave_unchanged(at: WriteContext, record: dict[str, Any]) -> None:
    """Leave the record as it is."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of one kind of record."""

    kind: str
    """What a record of it is called in refusals, and names it among the lifecycles of a provider."""
    collection: str
    transitions: tuple[Transition, ...]
    timed_transitions: tuple[TimedTransition, ...] = ()
    before_enter: Mapping[str, Callable[[WriteContext, dict[str, Any]], None]] = field(default_factory=dict)
    """By state: changes the record as it enters the state, before it is kept."""
    after_enter: Callable[[WriteContext, Record], None] = _leave_unchanged  # type: ignore[assignment]
    """Told of a record once it is kept in its new state: tells others, moves what depends on it."""
    state_field: str = "status"
    """The field that holds the state."""

    def create(self, at: WriteContext, record: Mapping[str, Any], state: str) -> Record:
        """Keep a new record in its first state."""
        return self._enter(at, dict(record), state)

    def apply(self, at: WriteContext, record: Record, step: str, **changes: Any) -> Record:
        """Take a step; a Problem of code ``invalid_state`` says that the record's state does not allow it."""
        found = self.find_transition(record, step)
        if found is None:
            raise Problem("invalid_state", f"The {self.kind.replace('_', ' ')} is {record[self.state_field]}")
        return self._enter(at, {**record, **changes}, found.target)

    def update(self, at: WriteContext, record: Record) -> Record:
        """Keep a changed record in the state it is in; what falls due from now on is reckoned anew."""
        at.space.put(self.collection, record)
        self._set_timer(at, record, record[self.state_field])
        return record

    def find_transition(self, record: Record, step: str) -> Transition | None:
        """The way a step leads from the record's state, or None where it leads nowhere."""
        state = record[self.state_field]
        return next((each for each in self.transitions if each.name == step and state in each.sources), None)

    def transition_to(self, record: Record, state: str) -> str | None:
        """The name of a step that leads from the record's state to another one, or None."""
        here = record[self.state_field]
        return next((each.name for each in self.transitions if each.target == state and here in each.sources), None)

    def run_timer(self, moment: SimulationContext, id: str, visit: int) -> Record | None:
        """Take the timed step of a record that is still where it was when the timer was set."""
        record = moment.space.get(self.collection, id)
        if record is None or record["_visit"] != visit:
            return None
        step = next(
            (
                each.transition(moment, record)
                for each in self.timed_transitions
                if each.state == record[self.state_field]
            ),
            None,
        )
        return None if step is None else self.apply(moment, record, step)

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
                told = {"kind": self.kind, "id": record["id"], "visit": record["_visit"]}
                at.sandbox.schedule(at.space, max(due, at.now), TIMER_SIMULATION, told)


class TimerParameters(BaseModel):
    """What a timer of a lifecycle is about."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    kind: str
    id: str
    visit: int


def timer_simulation(lifecycles: Sequence[Lifecycle]) -> Simulation:
    """The simulation that takes the timed steps of these lifecycles; a provider lists it among its own."""
    by_kind = {each.kind: each for each in lifecycles}

    def run(moment: SimulationContext, timer: TimerParameters) -> Mapping[str, Any]:
        lifecycle = by_kind[timer.kind]
        record = lifecycle.run_timer(moment, timer.id, timer.visit)
        return {"id": timer.id, lifecycle.state_field: record[lifecycle.state_field] if record else "as it was"}

    return Simulation(TIMER_SIMULATION, "A record takes a step that was due.", TimerParameters, run, is_public=False)
