"""Models of the bodies and queries of the admin API. Unknown fields are refused with the nearest valid name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mockserver.engine import Distribution, Duration, FaultRule, Instant, Limits, Match, Settings, normalize_cidr


def _to_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Seed = Annotated[str, BeforeValidator(_to_text), Field(min_length=1, max_length=200)]
Cidr = Annotated[str, AfterValidator(normalize_cidr)]


class StrictModel(BaseModel):
    """A body or query of the admin API; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class NewSandbox(StrictModel):
    """A sandbox to create."""

    provider: str
    name: str | None = Field(default=None, description="The id of the sandbox; generated if omitted.")
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,50}$",
        description="The name of the sandbox in paths that contain the tenant; default: its id.",
    )
    seed: Seed = "1"
    size: str = Field(default="small", description="small, medium or large.")
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None

    def settings(self) -> Settings:
        return Settings.model_validate({name: getattr(self, name) for name in Settings.model_fields})


class ChangedSandbox(StrictModel):
    """Settings of a sandbox to change; null restores the default of the provider."""

    assumptions: dict[str, Any] | None = None
    limits: Limits | None = None
    latency: Distribution | None = None


class Fork(StrictModel):
    """A copy of a sandbox."""

    name: str | None = Field(default=None, description="The id of the sandbox; generated if omitted.")
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,50}$",
        description="The name of the sandbox in paths that contain the tenant; default: its id.",
    )


class NewKey(StrictModel):
    """A key to create."""

    mode: str | None = None
    scopes: list[str] = Field(default_factory=list, max_length=100)
    cidrs: list[Cidr] = Field(default_factory=list, max_length=100)
    activates_in: Duration | None = Field(default=None, description="Default: the assumption key_propagation.")
    expires_in: Duration | None = None
    revokes_in: Duration | None = None


class RevokeKey(StrictModel):
    """Options for the revocation of a key."""

    lingers: Duration | None = Field(default=None, description="Default: the assumption revocation_lag.")


class ClockMove(StrictModel):
    """Moves, freezes or resumes the clock of a sandbox."""

    action: Literal["freeze", "resume", "advance", "reset"]
    by: Duration | None = Field(default=None, description="Duration by which advance moves the clock.")
    at: Instant | None = Field(default=None, description="Instant at which freeze stops the clock; default: now.")

    @model_validator(mode="after")
    def _check_arguments(self) -> ClockMove:
        if (self.by is None) == (self.action == "advance"):
            raise ValueError(
                '\'by\' is required with advance and not allowed with other actions: {"action": "advance", "by": "90s"}'
            )
        if self.at is not None and self.action != "freeze":
            raise ValueError("'at' is allowed only with freeze")
        return self


class NewWebhook(StrictModel):
    """A webhook endpoint to register."""

    url: str = Field(min_length=1, max_length=2048)
    events: list[str] = Field(default=["*"], min_length=1, max_length=200, description="Event types; * means all.")
    version: str | None = Field(default=None, description="The version of the events, if the provider has several.")
    secret: str | None = Field(default=None, min_length=1, max_length=200, description="Generated if omitted.")
    description: str = Field(default="", max_length=500)


class ChangedWebhook(StrictModel):
    """Fields of a webhook endpoint to change."""

    url: str | None = Field(default=None, min_length=1, max_length=2048)
    events: list[str] | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=500)
    enabled: bool | None = None


class Rotation(StrictModel):
    """Replaces the secret of a webhook endpoint."""

    overlap: Duration = Field(default=0, description="How long the old secret also signs.")
    secret: str | None = Field(default=None, min_length=1, max_length=200, description="Generated if omitted.")


class DeliveriesQuery(StrictModel):
    """Selects deliveries."""

    limit: int = Field(default=100, ge=1, le=10_000)
    state: Literal["pending", "delivered", "failed", "dropped", "abandoned"] | None = None
    endpoint: str | None = None


class FaultRuleList(StrictModel):
    """Fault rules that replace all rules that do not belong to a scenario."""

    rules: list[FaultRule] = Field(max_length=1000)


class Verification(StrictModel):
    """The calls that are expected in the journal; without a count or an order, at least one call is expected."""

    match: Match = Match.model_construct()
    status: int | None = Field(default=None, description="Count only calls whose response has this status.")
    count: int | None = Field(default=None, ge=0)
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)
    in_order: list[Match] | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _check_in_order(self) -> Verification:
        if self.in_order is not None and self.model_fields_set & {"match", "count", "at_least", "at_most"}:
            raise ValueError("'in_order' is allowed only with status; check counts in a separate request")
        return self


class ExportedState(StrictModel):
    """The exported state of a sandbox."""

    provider: str
    collections: dict[str, Any]


class RecordsQuery(StrictModel):
    """Selects records of a collection."""

    limit: int = Field(
        default=100, ge=1, le=10_000, description="Maximum number of results; the most recent are returned."
    )


class RequestsQuery(StrictModel):
    """Selects calls from the journal."""

    limit: int = Field(
        default=100, ge=1, le=10_000, description="Maximum number of results; the most recent are returned."
    )
    after: str | None = Field(default=None, description="Only calls after the call with this id.")


class TrafficQuery(StrictModel):
    """Selects the period of the traffic."""

    seconds: int = Field(
        default=300, ge=60, le=3600, description="Length of the period before now, in seconds of the wall clock."
    )
