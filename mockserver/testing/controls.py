"""The parts of a sandbox that a test takes in hand: its clock, fault rules, scenarios, state."""

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
    """The sandbox's own time. What falls due while it is moved is done before the move returns."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def show(self) -> models.Time:
        """What time it is, whether the clock runs, and what falls due next."""
        time: models.Time = self._path.request("GET")
        return time

    @property
    def now(self) -> datetime:
        """What time it is in the sandbox."""
        return datetime.fromisoformat(self.show()["now"])

    def freeze(self, at: datetime | str | None = None) -> models.Time:
        """Stop the clock, now or at an instant."""
        return self._move("freeze", at=at.isoformat() if isinstance(at, datetime) else at)

    def resume(self) -> models.Time:
        """Let a frozen clock run on."""
        return self._move("resume")

    def advance(self, by: str) -> models.Time:
        """Let so much time pass at once: ``90s``, ``15m``, ``1h30m``, ``30d``."""
        return self._move("advance", by=by)

    def reset(self) -> models.Time:
        """Go back to the machine's time."""
        return self._move("reset")

    def _move(self, action: str, **details: Any) -> models.Time:
        time: models.Time = self._path.request("PUT", body={"action": action, **_without_none(details)})
        return time


class Faults:
    """The fault rules of a sandbox."""

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
        """Have a kind of fault, with its parameters, happen where ``match`` and when ``trigger`` say."""
        places = {"match": match, "trigger": trigger, "id": id, "priority": priority}
        rule: models.Fault = self._path.request(
            "POST", body={"fault": {"kind": kind, **parameters}, **_without_none(places)}
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
        """Which of the last 100 calls such a rule would have hit; sets nothing."""
        places = _without_none({"match": match, "trigger": trigger})
        seen: models.Preview = self._path.request(
            "POST", "preview", body={"fault": {"kind": kind, **parameters}, **places}
        )
        return seen

    def list(self) -> FaultList:
        """Every rule, in the order they are asked."""
        rules: FaultList = self._path.request("GET")
        return rules

    def get(self, id: str) -> models.Fault:
        """One rule, with its counts and its nearest miss."""
        rule: models.Fault = self._path.request("GET", id)
        return rule

    def set(self, id: str, rule: Mapping[str, Any]) -> models.Fault:
        """Set a whole rule under an id, instead of the one there is."""
        answer: models.Fault = self._path.request("PUT", id, body=dict(rule))
        return answer

    def replace(self, rules: Sequence[Mapping[str, Any]]) -> FaultList:
        """Set these whole rules instead of all that no scenario has set."""
        answer: FaultList = self._path.request("PUT", body={"rules": [dict(rule) for rule in rules]})
        return answer

    def remove(self, id: str) -> None:
        """Remove one rule."""
        self._path.request("DELETE", id)

    def clear(self) -> None:
        """Remove all rules that no scenario has set."""
        self._path.request("DELETE")


class Switch:
    """A scenario that is on; at the end of a ``with`` block, or by ``off()``, it is off again."""

    def __init__(self, scenarios: Scenarios, name: str) -> None:
        self._scenarios = scenarios
        self.name = name

    def off(self) -> None:
        """Switch it off."""
        self._scenarios.off(self.name)

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.off()


class Scenarios:
    """The failures with a name."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self) -> ScenarioList:
        """Every scenario, and whether it is on here."""
        scenarios: ScenarioList = self._path.request("GET")
        return scenarios

    def get(self, name: str) -> models.Scenario:
        """One scenario, and whether it is on here."""
        scenario: models.Scenario = self._path.request("GET", name)
        return scenario

    def on(self, name: str, **parameters: Any) -> Switch:
        """Switch a scenario on, with parameters."""
        self._path.request("PUT", name, body=parameters)
        return Switch(self, name)

    def off(self, name: str) -> None:
        """Switch a scenario off."""
        self._path.request("DELETE", name)


class State:
    """Everything a sandbox keeps, as one document."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def export(self) -> models.ExportedState:
        """The whole state; the same state is the same document."""
        state: models.ExportedState = self._path.request("GET")
        return state

    def put(self, state: models.ExportedState) -> None:
        """Put the sandbox into an exported state."""
        self._path.request("PUT", body=state)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
