"""Scenarios: named sets of fault rules and settings, read from fixtures/scenarios/*.json, switched on and off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError, field_validator

from mockserver.engine.core.clock import Duration, format_duration, format_instant
from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.faults.rule import FaultRule
from mockserver.engine.pipeline.validate import error_path
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.nearest import nearest
from mockserver.storage.base import Space, StoreError

OVERLAY_SETTINGS = ("limits", "latency", "assumptions")
_TYPES: dict[str, Any] = {"duration": Duration, "probability": FiniteFloat, "milliseconds": FiniteFloat, "count": int}


@cache
def _type_adapter(type: str) -> TypeAdapter[Any]:
    return TypeAdapter(_TYPES[type])


class DurationValue(int):
    """A parameter of type duration, in microseconds; substituted into rules and settings as text such as ``90s``."""


class ScenarioParameter(BaseModel):
    """A parameter of a scenario, chosen when it is switched on."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    type: Literal["duration", "probability", "milliseconds", "count"]
    default: Any
    sentence: str

    def read(self, name: str, value: Any) -> Any:
        """Returns the parsed value; raises Refusal with the parameter's name when it is invalid."""
        try:
            if self.type == "duration" and not isinstance(value, str):
                raise Refusal(f"{name}: {value!r} is not a duration; write it as 90s or 15m")
            parsed = _type_adapter(self.type).validate_python(value)
        except ValidationError as error:
            raise Refusal(f"{name}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
        if parsed < 0 or (self.type == "probability" and parsed > 1):
            raise Refusal(f"{name}: {value!r} is not a {self.type}; use 0 or more, for a probability at most 1")
        return DurationValue(parsed) if self.type == "duration" else parsed


class Scenario(BaseModel):
    """A named set of fault rules and settings, in which ``{"$": "p"}`` stands for the value of parameter ``p``."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    sentence: str
    parameters: dict[str, ScenarioParameter] = Field(default_factory=dict)
    rules: list[dict[str, Any]] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("settings")
    @classmethod
    def _known_settings(cls, settings: dict[str, Any]) -> dict[str, Any]:
        for name in settings:
            if name not in OVERLAY_SETTINGS:
                raise ValueError(f"a scenario cannot change the setting {name!r}{nearest(name, OVERLAY_SETTINGS)}")
        return settings

    def resolve_parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the value of every parameter, given or default; raises Refusal for an unknown or invalid one."""
        for name in given:
            if name not in self.parameters:
                raise Refusal(f"scenario {self.name} has no parameter {name!r}{nearest(name, list(self.parameters))}")
        return {
            name: parameter.read(name, given.get(name, parameter.default))
            for name, parameter in self.parameters.items()
        }


def load(folder: Path) -> dict[str, Scenario]:
    """Returns the scenarios of a folder by name; raises Refusal with the file and its error."""
    scenarios = {}
    for file in sorted(folder.glob("*.json")):
        try:
            scenario = Scenario.model_validate_json(file.read_bytes())
            values = scenario.resolve_parameters({})
            _build_rules(scenario, values)
            _substitute(scenario.settings, values)
        except ValidationError as error:
            raise Refusal(f"{file}: {error_path(error.errors()[0])}: {error.errors()[0]['msg']}") from None
        except Refusal as refusal:
            raise Refusal(f"{file}: {refusal}") from None
        scenarios[scenario.name] = scenario
    return scenarios


class Scenarios(Mapping[str, Scenario]):
    """The scenarios of a folder by name, loaded at the first access; raises Refusal as ``load`` does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _loaded(self) -> dict[str, Scenario]:
        return load(self._folder)

    def __getitem__(self, name: str) -> Scenario:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


def find_scenario(scenarios: Mapping[str, Scenario], name: str) -> Scenario:
    """Returns a scenario; raises UnknownName with the nearest name."""
    if name not in scenarios:
        raise UnknownName("scenario", name, list(scenarios))
    return scenarios[name]


def switch_on(sandbox: Sandbox, scenario: Scenario, given: Mapping[str, Any]) -> None:
    """Sets the scenario's rules, and its settings over those of the sandbox; starts again if it is already on."""
    values = scenario.resolve_parameters(given)
    rules, settings = _build_rules(scenario, values), _substitute(scenario.settings, values)
    now = sandbox.now()
    record = {
        "id": scenario.name,
        "parameters": _format_values(values),
        "settings": settings,
        "since": format_instant(now),
    }
    before = sandbox.overlays
    sandbox.overlays = {**{name: before[name] for name in before if name != scenario.name}, scenario.name: settings}
    try:
        sandbox.apply_settings()
        sandbox.ruleset.set(
            rules,
            scenario=scenario.name,
            replacing=_rule_ids(sandbox, scenario),
            also_write=partial(_store_overlay, record),
        )
    except (Refusal, StoreError):
        sandbox.overlays = before
        sandbox.apply_settings()
        raise


def _store_overlay(record: dict[str, Any], space: Space) -> None:
    # Dropped first, so that the scenario switched on last comes last and overrides the others, also after a restart.
    space.drop("_scenarios", record["id"])
    space.put("_scenarios", record)


def switch_off(sandbox: Sandbox, scenario: Scenario) -> None:
    """Removes the scenario's rules and settings; ignores a scenario that is not on."""
    sandbox.ruleset.remove(_rule_ids(sandbox, scenario), lambda space: space.drop("_scenarios", scenario.name))
    if sandbox.overlays.pop(scenario.name, None) is not None:
        sandbox.apply_settings()


def _rule_ids(sandbox: Sandbox, scenario: Scenario) -> list[str]:
    return [active.rule.id for active in sandbox.rules if active.scenario == scenario.name]


def _build_rules(scenario: Scenario, values: Mapping[str, Any]) -> list[FaultRule]:
    rules = _substitute(scenario.rules, values)
    return [FaultRule.model_validate({"id": f"{scenario.name}.{nth}", **rule}) for nth, rule in enumerate(rules, 1)]


def _substitute(value: Any, values: Mapping[str, Any]) -> Any:
    """Replaces ``{"$": "p"}`` by the value of parameter p, and ``{"$": "p", "times": 0.5}`` by half of it."""
    if isinstance(value, dict):
        if "$" in value:
            if value["$"] not in values:
                raise Refusal(f"there is no parameter {value['$']!r}{nearest(str(value['$']), list(values))}")
            chosen = values[value["$"]]
            scaled = type(chosen)(chosen * value.get("times", 1))
            return format_duration(scaled) if isinstance(scaled, DurationValue) else scaled
        return {name: _substitute(inner, values) for name, inner in value.items()}
    return [_substitute(inner, values) for inner in value] if isinstance(value, list) else value


def _format_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: format_duration(value) if isinstance(value, DurationValue) else value for name, value in values.items()
    }
