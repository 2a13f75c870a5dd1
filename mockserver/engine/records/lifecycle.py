"""Declared state machines: which step leads from which state where, by call, by simulation, or when it falls due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from mockserver.engine.core.moment import At, Moment, Simulation
from mockserver.engine.core.problem import Problem
from mockserver.storage.base import Record

FALL_DUE = "fall_due"
"""The simulation that takes a timed step."""


@dataclass(frozen=True, slots=True)
class Step:
    """A way from any of these states to another."""

    name: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Timed:
    """What happens to a record by itself once it has been in a state for long enough."""

    state: str
    due: Callable[[At, Record], int | None]
    """(at, record) -> the instant it happens, or None for never."""
    step: Callable[[Moment, Record], str | None]
    """(moment, record) -> the step that is taken then, or None for none."""


def _unchanged(at: At, record: dict[str, Any]) -> None:
    """Leave the record as it is."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of one kind of record."""

    kind: str
    """What a record of it is called in refusals, and names it among the lifecycles of a provider."""
    collection: str
    steps: tuple[Step, ...]
    timed: tuple[Timed, ...] = ()
    entering: Mapping[str, Callable[[At, dict[str, Any]], None]] = field(default_factory=dict)
    """By state: changes the record as it enters the state, before it is kept."""
    entered: Callable[[At, Record], None] = _unchanged  # type: ignore[assignment]
    """Told of a record once it is kept in its new state: tells others, moves what depends on it."""
    states: str = "status"
    """The field that holds the state."""

    def begin(self, at: At, record: Mapping[str, Any], state: str) -> Record:
        """Keep a new record in its first state."""
        return self._enter(at, dict(record), state)

    def take(self, at: At, record: Record, step: str, **changes: Any) -> Record:
        """Take a step; a Problem of code ``invalid_state`` says that the record's state does not allow it."""
        found = self.allows(record, step)
        if found is None:
            raise Problem("invalid_state", f"The {self.kind.replace('_', ' ')} is {record[self.states]}")
        return self._enter(at, {**record, **changes}, found.target)

    def keep(self, at: At, record: Record) -> Record:
        """Keep a changed record in the state it is in; what falls due from now on is reckoned anew."""
        at.space.put(self.collection, record)
        self._set_timer(at, record, record[self.states])
        return record

    def allows(self, record: Record, step: str) -> Step | None:
        """The way a step leads from the record's state, or None where it leads nowhere."""
        state = record[self.states]
        return next((each for each in self.steps if each.name == step and state in each.sources), None)

    def leads_to(self, record: Record, state: str) -> str | None:
        """The name of a step that leads from the record's state to another one, or None."""
        here = record[self.states]
        return next((each.name for each in self.steps if each.target == state and here in each.sources), None)

    def fall_due(self, moment: Moment, id: str, visit: int) -> Record | None:
        """Take the timed step of a record that is still where it was when the timer was set."""
        record = moment.space.get(self.collection, id)
        if record is None or record["_visit"] != visit:
            return None
        step = next((each.step(moment, record) for each in self.timed if each.state == record[self.states]), None)
        return None if step is None else self.take(moment, record, step)

    def _enter(self, at: At, record: dict[str, Any], state: str) -> Record:
        record |= {self.states: state, "_visit": record.get("_visit", 0) + 1, "_entered": at.now}
        self.entering.get(state, _unchanged)(at, record)
        at.space.put(self.collection, record)
        self._set_timer(at, record, state)
        self.entered(at, record)
        return at.space.get(self.collection, record["id"]) or record

    def _set_timer(self, at: At, record: Record, state: str) -> None:
        for timed in self.timed:
            due = timed.due(at, record) if timed.state == state else None
            if due is not None:
                told = {"kind": self.kind, "id": record["id"], "visit": record["_visit"]}
                at.sandbox.schedule(at.space, max(due, at.now), FALL_DUE, told)


class Timer(BaseModel):
    """What a timer of a lifecycle is about."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    kind: str
    id: str
    visit: int


def falling_due(lifecycles: Sequence[Lifecycle]) -> Simulation:
    """The simulation that takes the timed steps of these lifecycles; a provider lists it among its own."""
    by_kind = {each.kind: each for each in lifecycles}

    def run(moment: Moment, timer: Timer) -> Mapping[str, Any]:
        lifecycle = by_kind[timer.kind]
        record = lifecycle.fall_due(moment, timer.id, timer.visit)
        return {"id": timer.id, lifecycle.states: record[lifecycle.states] if record else "as it was"}

    return Simulation(FALL_DUE, "A record takes a step that was due.", Timer, run, offered=False)
