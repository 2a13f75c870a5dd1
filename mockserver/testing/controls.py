"""The parts of a sandbox that a test controls: clock, fault rules, scenarios, state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from mockserver.testing import models
from mockserver.testing.api import ApiPath

FaultList = list[models.Fault]
ScenarioList = list[models.Scenario]


class Clock:
    """The clock of a sandbox. Timers and deliveries that a change makes due run before the method returns."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def show(self) -> models.Time:
        """Returns the time, whether the clock is running or frozen, and the next timers."""
        time: models.Time = self._path.request("GET")
        return time

    @property
    def now(self) -> datetime:
        """The time of the sandbox."""
        return datetime.fromisoformat(self.show()["now"])

    def freeze(self, at: datetime | str | None = None) -> models.Time:
        """Stops the clock at an instant (a datetime or ISO 8601 text); by default at the current time."""
        return self._move("freeze", at=at.isoformat() if isinstance(at, datetime) else at)

    def resume(self) -> models.Time:
        """Makes a frozen clock run again."""
        return self._move("resume")

    def advance(self, by: str) -> models.Time:
        """Advances the clock by a duration: ``90s``, ``15m``, ``1h30m``, ``30d``."""
        return self._move("advance", by=by)

    def reset(self) -> models.Time:
        """Sets the clock to the wall clock and makes it run."""
        return self._move("reset")

    def _move(self, action: str, **details: Any) -> models.Time:
        time: models.Time = self._path.request("PUT", body={"action": action, **_without_none(details)})
        return time


class Faults:
    """The fault rules of a sandbox. A rule has the members of the admin API: ``match``, ``trigger``, ``fault``."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def add(
        self,
        kind: str,
        *,
        match: Mapping[str, Any] | None = None,
        trigger: Mapping[str, Any] | None = None,
        id: str | None = None,
        priority: int | None = None,
        **parameters: Any,
    ) -> models.Fault:
        """Creates a rule for a fault kind with its parameters; raises TestmodeError if the id exists."""
        options = {"match": match, "trigger": trigger, "id": id, "priority": priority}
        rule: models.Fault = self._path.request(
            "POST", body={"fault": {"kind": kind, **parameters}, **_without_none(options)}
        )
        return rule

    def preview(
        self,
        kind: str,
        *,
        match: Mapping[str, Any] | None = None,
        trigger: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> models.Preview:
        """Returns which of the last 100 calls such a rule would have hit; does not create the rule."""
        options = _without_none({"match": match, "trigger": trigger})
        result: models.Preview = self._path.request(
            "POST", "preview", body={"fault": {"kind": kind, **parameters}, **options}
        )
        return result

    def list(self) -> FaultList:
        """Returns all rules in the order of their priority."""
        rules: FaultList = self._path.request("GET")
        return rules

    def get(self, id: str) -> models.Fault:
        """Returns a rule with its counts and, if it never fired, its nearest miss."""
        rule: models.Fault = self._path.request("GET", id)
        return rule

    def set(self, id: str, rule: Mapping[str, Any]) -> models.Fault:
        """Creates the rule, or replaces the rule with this id."""
        fault: models.Fault = self._path.request("PUT", id, body=dict(rule))
        return fault

    def replace(self, rules: Sequence[Mapping[str, Any]]) -> FaultList:
        """Replaces all rules that do not belong to a scenario."""
        faults: FaultList = self._path.request("PUT", body={"rules": [dict(rule) for rule in rules]})
        return faults

    def remove(self, id: str) -> None:
        self._path.request("DELETE", id)

    def clear(self) -> None:
        """Removes all rules that do not belong to a scenario."""
        self._path.request("DELETE")


class Switch:
    """A scenario that is on; ``off()`` or the end of a ``with`` block switches it off."""

    def __init__(self, scenarios: Scenarios, name: str) -> None:
        self._scenarios = scenarios
        self.name = name

    def off(self) -> None:
        self._scenarios.off(self.name)

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.off()


class Scenarios:
    """The scenarios of a sandbox."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self) -> ScenarioList:
        """Returns all scenarios; the member ``on`` says whether a scenario is on."""
        scenarios: ScenarioList = self._path.request("GET")
        return scenarios

    def get(self, name: str) -> models.Scenario:
        scenario: models.Scenario = self._path.request("GET", name)
        return scenario

    def on(self, name: str, **parameters: Any) -> Switch:
        """Switches a scenario on; it stays on unless the result is used in a ``with`` statement."""
        self._path.request("PUT", name, body=parameters)
        return Switch(self, name)

    def off(self, name: str) -> None:
        self._path.request("DELETE", name)


class State:
    """The state of a sandbox as one JSON document."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def export(self) -> models.ExportedState:
        """Returns the whole state; equal states have equal documents."""
        state: models.ExportedState = self._path.request("GET")
        return state

    def put(self, state: models.ExportedState) -> None:
        """Replaces the state with an exported one."""
        self._path.request("PUT", body=state)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
