"""What one file says: settings of the server, and the sandboxes it begins with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mockserver.admin import failures, handlers, webhooks
from mockserver.admin.admin_request import AdminRequest
from mockserver.admin.models import NewKey, NewSandbox, NewWebhook, StrictModel
from mockserver.engine import Engine, FaultRule, Refusal, Settings, error_path, nearest
from mockserver.settings import BadSettings

DEFAULT_PATHS = (Path("testmode.toml"), Path("/etc/testmode/testmode.toml"))
"""Where the file is looked for when none is named."""


def _names_to_table(value: Any) -> Any:
    return {name: {} for name in value} if isinstance(value, list) else value


class PlannedSandbox(NewSandbox):
    """A sandbox to begin with; without a name it is the provider's first one."""

    scenarios: Annotated[dict[str, dict[str, Any]], BeforeValidator(_names_to_table)] = Field(
        default_factory=dict, description="Names of those that are on, or a table of their parameters each."
    )
    faults: list[FaultRule] = Field(default_factory=list, max_length=1000)
    keys: list[NewKey] = Field(default_factory=list, max_length=1000, description="Keys beside those of the start.")
    webhooks: list[NewWebhook] = Field(default_factory=list, max_length=100)

    @property
    def id(self) -> str:
        """The sandbox's id."""
        return self.name or self.provider


class Configuration(StrictModel):
    """The whole file."""

    server: dict[str, Any] = Field(default_factory=dict, description="Settings, named as the flags are.")
    sandboxes: list[PlannedSandbox] = Field(default_factory=list, max_length=200)

    @model_validator(mode="after")
    def _check_unique_ids(self) -> Configuration:
        for id in self.ids:
            if self.ids.count(id) > 1:
                raise ValueError(f"sandboxes: {id!r} is there {self.ids.count(id)} times")
        return self

    @property
    def ids(self) -> list[str]:
        """The sandboxes there are to be."""
        return [plan.id for plan in self.sandboxes]

    def first_sandbox_settings(self, provider: str, defaults: Settings) -> Settings:
        """How a provider's first sandbox begins: as the file says, and as the server's settings say for the rest."""
        for plan in self.sandboxes:
            if plan.id == provider:
                said = plan.model_fields_set & set(Settings.model_fields)
                return defaults.model_copy(update={name: getattr(plan, name) for name in said})
        return defaults


def load(named: str | Path | None) -> Configuration:
    """The file of this name, or the one in its usual place, or nothing; BadSettings names what is wrong in it."""
    file = Path(named) if named else next((place for place in DEFAULT_PATHS if place.is_file()), None)
    if file is None:
        return Configuration.model_construct()  # It has nothing that would have to be checked, which takes its time.
    # Imported here: without a file nobody needs it.
    import tomllib

    try:
        return Configuration.model_validate(tomllib.loads(file.read_text("utf-8")))
    except ValidationError as error:
        raise BadSettings(f"{file}: {_describe_error(error)}") from None
    except (OSError, ValueError) as error:
        raise BadSettings(f"{file}: {error}") from None


def _describe_error(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        name = str(detail["loc"][-1])
        message = f"there is no {name!r} here{nearest(name, _known_names())}"
    return f"{error_path(detail)}: {message}" if detail["loc"] else message


@cache
def _known_names() -> tuple[str, ...]:
    """Every name that may stand left of an equals sign."""
    schema = Configuration.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return tuple(dict.fromkeys(name for part in parts for name in part.get("properties", {})))


def create_planned_sandboxes(engine: Engine, plans: Sequence[PlannedSandbox], delete: Callable[[str], None]) -> None:
    """Make the planned sandboxes that are not there, and finish those that another start was cut off from.

    All of them, or none where one cannot be; of several servers on one store, one does it.
    """
    with engine.lock("begin"):
        fresh = [plan for plan in plans if plan.id not in engine.sandboxes or engine.sandboxes[plan.id].is_provisioning]
        for plan in fresh:
            try:
                _provision(engine, plan)
            except Refusal as refusal:
                # Half made, they would count as being there when the file has been put right.
                for each in fresh:
                    if each.id in engine.sandboxes:
                        delete(each.id)
                raise BadSettings(f"sandbox {plan.id!r}: {refusal}") from None
        for plan in fresh:
            engine.get_sandbox(plan.id).finish_provisioning()


def _provision(engine: Engine, plan: PlannedSandbox) -> None:
    """Do what an operator would do by the admin API, in its own words."""

    def ask(body: Any, args: Mapping[str, str] | None = None) -> AdminRequest:
        return AdminRequest(engine, {"sandbox": plan.id, **(args or {})}, body, None, "")

    if plan.id in engine.sandboxes:
        engine.reset(plan.id)  # Nobody knows how far the start has come that was cut off.
    else:
        engine.create(plan.provider, plan.id, plan.settings(), provisioning=True)
    for key in plan.keys:
        handlers.create_key(ask(key))
    for name, parameters in plan.scenarios.items():
        failures.turn_scenario_on(ask(parameters, {"scenario": name}))
    for rule in plan.faults:
        failures.create_fault(ask(rule))
    for webhook in plan.webhooks:
        webhooks.create_webhook(ask(webhook))
