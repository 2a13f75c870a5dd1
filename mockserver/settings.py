"""The settings of a server: typed, with a default and a description, read from file, environment and command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from mockserver.engine import Distribution, Durability, Refusal, error_path, nearest, parse_duration

VARIABLE_PREFIX = "TESTMODE_"
CLIENT_VARIABLES = ("URL", "CA_FILE")
"""Variables (without prefix) that only the client commands read, not the server."""
SECRET_SETTINGS = ("admin_token",)
"""Settings whose value can also be in a file; a variable with the suffix ``_FILE`` has the path of the file."""
_LATENCY = re.compile(r"(\d+)(?:-(\d+))?ms")


class BadSettings(Refusal):
    """An invalid setting or configuration file; ``testmode serve`` exits with 78."""


def _split_words(value: Any) -> Any:
    return tuple(word for word in value.replace(",", " ").split()) if isinstance(value, str) else value


def _parse_latency(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _LATENCY.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a latency; write it as 200ms, or 100-300ms for a range")
    if match[2] is None:
        return {"type": "fixed", "ms": int(match[1])}
    return {"type": "uniform", "min_ms": int(match[1]), "max_ms": int(match[2])}


def _check_store_url(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"{value!r} is not the URL of a store; write it as redis://localhost:6379/0")
    return value


NameList = Annotated[tuple[str, ...], BeforeValidator(_split_words)]


def _split_paths(value: Any) -> Any:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


PathList = Annotated[tuple[Path, ...], BeforeValidator(_split_paths)]


class ServerSettings(BaseModel):
    """Settings of ``testmode serve``. Every field can be set by ``TESTMODE_<NAME>``, most fields also by a flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = Field(
        default=None,
        description="The configuration file; default: ./testmode.toml, then /etc/testmode/testmode.toml.",
    )
    providers: NameList = Field(default=(), description="The providers to serve; all if empty.")
    openapi: PathList = Field(
        default=(), description="Paths of OpenAPI documents, separated by commas; each is served as a provider."
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="The port to listen on; 0 selects a free one.")
    tls: bool = Field(
        default=False, description="Serve https; clients trust the generated certificate authority in data/tls/ca.pem."
    )
    data: Path = Field(default=Path(".testmode"), description="The directory of all state.")
    store: Annotated[str | None, AfterValidator(_check_store_url)] = Field(
        default=None,
        description="URL of the Redis that several processes share: redis://host:6379/0; "
        "default: none, and the state is in the data directory.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Number of processes; more than one needs a store.")
    memory: bool = Field(default=False, description="Store nothing on disk, as with the durability `memory`.")
    durability: Durability = Field(
        default="commit",
        description="When a write is on disk: commit: before its response; interval: within 200 ms; memory: never.",
    )
    seed: str = Field(default="1", min_length=1, max_length=200, description="The seed of the first sandboxes.")
    size: Literal["small", "medium", "large"] = Field(
        default="small", description="How much seed data the first sandboxes have."
    )
    latency: Annotated[Distribution | None, BeforeValidator(_parse_latency)] = Field(
        default=None, description="Duration of every response: 200ms, or 100-300ms."
    )
    scenario: NameList = Field(default=(), description="Scenarios to switch on in the first sandboxes.")
    admin_token: str | None = Field(
        default=None, pattern=r"^[\x21-\x7e]+$", description="The admin token; generated if missing."
    )
    drain_seconds: float = Field(
        default=10, ge=0, le=600, description="Seconds that a stopping server waits for calls in flight."
    )
    head_seconds: float = Field(
        default=30, gt=0, le=600, description="Seconds within which a client must send its headers."
    )
    idle_seconds: float = Field(
        default=75, gt=0, le=3600, description="Seconds after which an idle connection is closed."
    )
    journal_entries: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Maximum number of calls in a journal."
    )
    journal_bytes: int = Field(default=67_108_864, ge=1024, description="Maximum memory of a journal, in bytes.")
    journals_bytes: int = Field(
        default=536_870_912, ge=1024, description="Maximum memory of all journals together, in bytes."
    )
    allowed_hosts: NameList = Field(
        default=(), description="Host names to accept in addition to localhost, IP addresses and the machine's name."
    )
    evict_after: Annotated[int, BeforeValidator(parse_duration)] = Field(
        default="24h",
        validate_default=True,
        description="A sandbox that is not used for this duration is deleted; 0s keeps all.",
    )
    webhook_allow: NameList = Field(
        default=(),
        description="Webhook receivers to allow outside the machine's networks: host names, CIDR ranges, or any.",
    )
    webhook_ca: Path | None = Field(
        default=None, description="File of additional certificate authorities to trust for webhook receivers."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The lowest level that is logged."
    )

    @model_validator(mode="after")
    def _check_workers_share_store(self) -> ServerSettings:
        if self.workers > 1 and self.store is None:
            raise ValueError(
                f"{self.workers} workers need --store redis://...; only one process can write a data directory"
            )
        return self

    @property
    def effective_durability(self) -> Durability:
        """``memory`` if the setting ``memory`` is true, else the setting ``durability``."""
        return "memory" if self.memory else self.durability


def read_settings(
    environment: Mapping[str, str], flags: Mapping[str, Any], file: Mapping[str, Any] | None = None
) -> ServerSettings:
    """Returns the settings: flags override ``environment``, which overrides the file's table ``[server]``.

    Raises BadSettings with the first invalid name or value.
    """
    given = {**_read_table(file or {}), **_read_environment(environment)}
    given.update({name: value for name, value in flags.items() if value is not None})
    try:
        return ServerSettings.model_validate(given)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = f"{error_path(detail)}: " if detail["loc"] else ""
        raise BadSettings(f"{where}{detail['msg'].removeprefix('Value error, ')}") from None


def _read_table(table: Mapping[str, Any]) -> dict[str, Any]:
    known = [name for name in ServerSettings.model_fields if name != "config"]
    for name in table:
        if name not in known:
            raise BadSettings(f"server: there is no setting {name!r}{nearest(name, known)}")
    return dict(table)


def _read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for variable, value in environment.items():
        if variable.startswith(VARIABLE_PREFIX) and variable.removeprefix(VARIABLE_PREFIX) not in CLIENT_VARIABLES:
            name, resolved = _resolve_variable(variable, value)
            if name in given:
                raise BadSettings(f"{name}: both the variable and its _FILE variant are set; set one of them")
            given[name] = resolved
    return given


def _resolve_variable(variable: str, value: str) -> tuple[str, str]:
    """Returns the name and the value of the setting that a variable sets; reads the file of a ``_FILE`` variable."""
    name = variable.removeprefix(VARIABLE_PREFIX).lower()
    if name in ServerSettings.model_fields:
        return name, value
    secret = name.removesuffix("_file")
    if secret != name and secret in SECRET_SETTINGS:
        return secret, _read_secret_file(variable, Path(value))
    files = [f"{field}_file" for field in SECRET_SETTINGS]
    known = [VARIABLE_PREFIX + field.upper() for field in (*ServerSettings.model_fields, *files)]
    raise BadSettings(f"there is no setting {variable}{nearest(variable, known)}")


def _read_secret_file(variable: str, file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{variable}: cannot read {file}: {error}") from error
