"""The configuration file (testmode.toml): settings of the server, and the sandboxes it starts with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mockserver.admin import faults, handlers, scenarios, webhooks
from mockserver.admin.admin_request import AdminRequest
from mockserver.admin.models import NewKey, NewSandbox, NewWebhook, StrictModel
from mockserver.engine import Engine, FaultRule, Refusal, Settings, error_path, nearest
from mockserver.settings import BadSettings

DEFAULT_PATHS = (Path("testmode.toml"), Path("/etc/testmode/testmode.toml"))
"""Paths at which the file is searched, in this order, if no path is given."""


def _names_to_table(value: Any) -> Any:
    return {name: {} for name in value} if isinstance(value, list) else value


class PlannedSandbox(NewSandbox):
    """A sandbox to create at startup; without a name, it is the first sandbox of its provider."""

    scenarios: Annotated[dict[str, dict[str, Any]], BeforeValidator(_names_to_table)] = Field(
        default_factory=dict,
        description="Names of scenarios to switch on, or a table of scenarios with their parameters.",
    )
    faults: list[FaultRule] = Field(default_factory=list, max_length=1000)
    keys: list[NewKey] = Field(
        default_factory=list, max_length=1000, description="Keys in addition to the keys that every sandbox has."
    )
    webhooks: list[NewWebhook] = Field(default_factory=list, max_length=100)

    @property
    def id(self) -> str:
        return self.name or self.provider


class Configuration(StrictModel):
    """The content of the configuration file."""

    server: dict[str, Any] = Field(default_factory=dict, description="Settings, with the names of the flags.")
    sandboxes: list[PlannedSandbox] = Field(default_factory=list, max_length=200)

    @model_validator(mode="after")
    def _check_unique_ids(self) -> Configuration:
        for id in self.ids:
            if self.ids.count(id) > 1:
                raise ValueError(f"sandboxes: {id!r} is configured {self.ids.count(id)} times; use each id once")
        return self

    @property
    def ids(self) -> list[str]:
        """The ids of the configured sandboxes."""
        return [plan.id for plan in self.sandboxes]

    def first_sandbox_settings(self, provider: str, defaults: Settings) -> Settings:
        """Returns the settings of a provider's first sandbox; settings in the file override ``defaults``."""
        for plan in self.sandboxes:
            if plan.id == provider:
                names = plan.model_fields_set & set(Settings.model_fields)
                return defaults.model_copy(update={name: getattr(plan, name) for name in names})
        return defaults


def load_configuration(path: str | Path | None) -> Configuration:
    """Reads the file at ``path``, else the first of ``DEFAULT_PATHS`` that exists, else returns an empty configuration.

    Raises BadSettings with the file and its first invalid value.
    """
    file = Path(path) if path else next((each for each in DEFAULT_PATHS if each.is_file()), None)
    if file is None:
        return Configuration.model_construct()  # Without validation, which is slow and not needed for defaults.
    # Imported here because it is not needed without a file.
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
        message = f"there is no field {name!r}{nearest(name, _field_names())}"
    return f"{error_path(detail)}: {message}" if detail["loc"] else message


@cache
def _field_names() -> tuple[str, ...]:
    """Returns the names of all fields of the configuration file, at any level."""
    schema = Configuration.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return tuple(dict.fromkeys(name for part in parts for name in part.get("properties", {})))


def create_planned_sandboxes(engine: Engine, plans: Sequence[PlannedSandbox], delete: Callable[[str], None]) -> None:
    """Creates the planned sandboxes that do not exist, and completes those that an interrupted start left incomplete.

    If the creation of a sandbox fails, deletes all of these sandboxes and raises BadSettings. The lock makes only one
    of several servers on the same store create them.
    """
    with engine.lock("begin"):
        pending = [
            plan for plan in plans if plan.id not in engine.sandboxes or engine.sandboxes[plan.id].is_provisioning
        ]
        for plan in pending:
            try:
                _provision(engine, plan)
            except Refusal as refusal:
                # The next start would not create an incomplete sandbox again, because it exists.
                for each in pending:
                    if each.id in engine.sandboxes:
                        delete(each.id)
                raise BadSettings(f"sandbox {plan.id!r}: {refusal}") from None
        for plan in pending:
            engine.get_sandbox(plan.id).finish_provisioning()


def _provision(engine: Engine, plan: PlannedSandbox) -> None:
    """Creates a sandbox with its keys, scenarios, fault rules and endpoints, with the handlers of the admin API."""

    def request(body: Any, args: Mapping[str, str] | None = None) -> AdminRequest:
        return AdminRequest(engine, {"sandbox": plan.id, **(args or {})}, body, None, "")

    if plan.id in engine.sandboxes:
        engine.reset(plan.id)  # The interrupted start may have completed any of these steps.
    else:
        engine.create(plan.provider, plan.id, plan.settings(), provisioning=True)
    for key in plan.keys:
        handlers.create_key(request(key))
    for name, parameters in plan.scenarios.items():
        scenarios.turn_scenario_on(request(parameters, {"scenario": name}))
    for rule in plan.faults:
        faults.create_fault(request(rule))
    for webhook in plan.webhooks:
        webhooks.create_webhook(request(webhook))
