"""Everything the environment and the command line may say about a server: typed, with a default and one sentence."""

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
"""Variables that only the commands which speak to a running server read."""
SECRET_SETTINGS = ("admin_token",)
"""Settings that may also be in a file of their own, which the variable with ``_FILE`` behind it names."""
_LATENCY = re.compile(r"(\d+)(?:-(\d+))?ms")


class BadSettings(Refusal):
    """What the environment or the command line says cannot be; exit code 78."""


def _split_words(value: Any) -> Any:
    return tuple(word for word in value.replace(",", " ").split()) if isinstance(value, str) else value


def _parse_latency(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = _LATENCY.fullmatch(value)
    if found is None:
        raise ValueError(f"{value!r} is not a latency; write it as 200ms, or 100-300ms for anything between")
    if found[2] is None:
        return {"type": "fixed", "ms": int(found[1])}
    return {"type": "uniform", "min_ms": int(found[1]), "max_ms": int(found[2])}


def _check_store_url(value: str | None) -> str | None:
    if value is not None and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"{value!r} is not a store; write it as redis://localhost:6379/0")
    return value


NameList = Annotated[tuple[str, ...], BeforeValidator(_split_words)]


def _split_paths(value: Any) -> Any:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


PathList = Annotated[tuple[Path, ...], BeforeValidator(_split_paths)]


class ServerSettings(BaseModel):
    """How ``testmode serve`` runs. Every field is also ``TESTMODE_<NAME_PATTERN>`` and, most of them, a flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path | None = Field(
        default=None,
        description="A file of settings and first sandboxes; default: ./testmode.toml, /etc/testmode/testmode.toml.",
    )
    providers: NameList = Field(default=(), description="The providers to serve; all when empty.")
    openapi: PathList = Field(
        default=(), description="OpenAPI documents, separated by commas; each is served as a provider of its own."
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65_535, description="The port to listen on; 0 picks a free one.")
    tls: bool = Field(
        default=False, description="Serve https, with certificates of an authority of its own, in data/tls/ca.pem."
    )
    data: Path = Field(default=Path(".testmode"), description="The directory that keeps all state.")
    store: Annotated[str | None, AfterValidator(_check_store_url)] = Field(
        default=None, description="Where several processes share all state: redis://host:6379/0; else it is in data."
    )
    workers: int = Field(default=1, ge=1, le=64, description="Processes that serve; more than one need a store.")
    memory: bool = Field(default=False, description="The same as durability memory.")
    durability: Durability = Field(
        default="commit",
        description="When a write is on the disk: commit, before its answer; interval, within 200 ms; memory, never.",
    )
    seed: str = Field(default="1", min_length=1, max_length=200, description="The seed of the first sandboxes.")
    size: Literal["small", "medium", "large"] = Field(default="small", description="How much data they begin with.")
    latency: Annotated[Distribution | None, BeforeValidator(_parse_latency)] = Field(
        default=None, description="How long every answer takes: 200ms, or 100-300ms."
    )
    scenario: NameList = Field(default=(), description="Scenarios that are on from the start.")
    admin_token: str | None = Field(
        default=None, pattern=r"^[\x21-\x7e]+$", description="The admin API's token; made when missing."
    )
    drain_seconds: float = Field(default=10, ge=0, le=600, description="How long a stop waits for calls in flight.")
    head_seconds: float = Field(default=30, gt=0, le=600, description="How long a client may take to send its headers.")
    idle_seconds: float = Field(default=75, gt=0, le=3600, description="How long an idle connection is kept.")
    journal_entries: int = Field(default=10_000, ge=1, le=1_000_000, description="Calls a journal keeps.")
    journal_bytes: int = Field(default=67_108_864, ge=1024, description="Bytes of memory a journal may take.")
    journals_bytes: int = Field(
        default=536_870_912, ge=1024, description="Bytes of memory all journals together may take."
    )
    allowed_hosts: NameList = Field(
        default=(), description="Names the server answers to beside localhost, addresses and the machine's own."
    )
    evict_after: Annotated[int, BeforeValidator(parse_duration)] = Field(
        default="24h",
        validate_default=True,
        description="Sandboxes that nobody has used for so long are deleted; 0s keeps them all.",
    )
    webhook_allow: NameList = Field(
        default=(), description="Receivers of webhooks that are not nearby: host names, ranges of addresses, or any."
    )
    webhook_ca: Path | None = Field(
        default=None, description="A file of authorities whose certificates receivers of webhooks may have as well."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="What is logged.")

    @model_validator(mode="after")
    def _check_workers_share_store(self) -> ServerSettings:
        if self.workers > 1 and self.store is None:
            raise ValueError(f"{self.workers} workers need --store redis://...: a data directory has one writer")
        return self

    @property
    def effective_durability(self) -> Durability:
        """When a write is on the disk, whichever of the two settings says so."""
        return "memory" if self.memory else self.durability


def read_settings(
    environment: Mapping[str, str], flags: Mapping[str, Any], file: Mapping[str, Any] | None = None
) -> ServerSettings:
    """The settings that a file, the environment and the flags make together, the last first.

    BadSettings names what is wrong.
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
            name, said = _resolve_variable(variable, value)
            if name in given:
                raise BadSettings(f"{name}: it is given both in itself and in a file")
            given[name] = said
    return given


def _resolve_variable(variable: str, value: str) -> tuple[str, str]:
    """The setting that a variable is about, and what it says."""
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
        raise BadSettings(f"{variable}: {file} cannot be read: {error}") from error
