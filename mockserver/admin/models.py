"""What operators send to the admin API; unknown fields are refused with the nearest right one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from mockserver.engine import Distribution, Duration, FaultRule, Instant, Limits, Match, Settings, normalize_cidr


def _to_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Seed = Annotated[str, BeforeValidator(_to_text), Field(min_length=1, max_length=200)]
Cidr = Annotated[str, AfterValidator(normalize_cidr)]


class StrictModel(BaseModel):
    """A body of the admin API."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class NewSandbox(StrictModel):
    """A sandbox to be made."""

    provider: str
    name: str | None = Field(default=None, description="Its id; made when left out.")
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,50}$",
        description="Its name in paths that name the tenant; default: its id.",
    )
    seed: Seed = "1"
    size: str = Field(default="small", description="small, medium or large.")
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None

    def settings(self) -> Settings:
        """How the sandbox is to behave."""
        return Settings.model_validate({name: getattr(self, name) for name in Settings.model_fields})


class ChangedSandbox(StrictModel):
    """Settings of a sandbox to change; null takes one back to the provider's."""

    assumptions: dict[str, Any] | None = None
    limits: Limits | None = None
    latency: Distribution | None = None


class Fork(StrictModel):
    """A sandbox that goes on from where another one stands."""

    name: str | None = Field(default=None, description="Its id; made when left out.")
    slug: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,50}$",
        description="Its name in paths that name the tenant; default: its id.",
    )


class NewKey(StrictModel):
    """A key to be made."""

    mode: str | None = None
    scopes: list[str] = Field(default_factory=list, max_length=100)
    cidrs: list[Cidr] = Field(default_factory=list, max_length=100)
    activates_in: Duration | None = Field(default=None, description="Default: the sandbox's key_propagation.")
    expires_in: Duration | None = None
    revokes_in: Duration | None = None


class RevokeKey(StrictModel):
    """How a key is revoked."""

    lingers: Duration | None = Field(default=None, description="Default: the sandbox's revocation_lag.")


class ClockMove(StrictModel):
    """A move of a sandbox's clock."""

    action: Literal["freeze", "resume", "advance", "reset"]
    by: Duration | None = Field(default=None, description="For advance.")
    at: Instant | None = Field(default=None, description="For freeze; default: now.")

    @model_validator(mode="after")
    def _check_arguments(self) -> ClockMove:
        if (self.by is None) == (self.action == "advance"):
            raise ValueError('\'by\' goes with advance, and advance needs it: {"action": "advance", "by": "90s"}')
        if self.at is not None and self.action != "freeze":
            raise ValueError("'at' goes with freeze only")
        return self


class NewWebhook(StrictModel):
    """A webhook endpoint to be registered."""

    url: str = Field(min_length=1, max_length=2048)
    events: list[str] = Field(default=["*"], min_length=1, max_length=200, description="Types of events; * is all.")
    version: str | None = Field(default=None, description="The form of events, where the provider has several.")
    secret: str | None = Field(default=None, min_length=1, max_length=200, description="Made when left out.")
    description: str = Field(default="", max_length=500)


class ChangedWebhook(StrictModel):
    """What to change about a webhook endpoint."""

    url: str | None = Field(default=None, min_length=1, max_length=2048)
    events: list[str] | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=500)
    enabled: bool | None = None


class Rotation(StrictModel):
    """How a secret is replaced."""

    overlap: Duration = Field(default=0, description="How long the secret before goes on signing beside the new one.")
    secret: str | None = Field(default=None, min_length=1, max_length=200, description="Made when left out.")


class DeliveriesQuery(StrictModel):
    """Which deliveries are listed."""

    limit: int = Field(default=100, ge=1, le=10_000)
    state: Literal["pending", "delivered", "failed", "dropped", "abandoned"] | None = None
    endpoint: str | None = None


class FaultRuleList(StrictModel):
    """Fault rules that replace all there are."""

    rules: list[FaultRule] = Field(max_length=1000)


class Verification(StrictModel):
    """What the journal is expected to hold; with neither bound nor order: at least one such call."""

    match: Match = Match.model_construct()
    status: int | None = Field(default=None, description="Count only calls answered with this status.")
    count: int | None = Field(default=None, ge=0)
    at_least: int | None = Field(default=None, ge=0)
    at_most: int | None = Field(default=None, ge=0)
    in_order: list[Match] | None = Field(default=None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _check_in_order(self) -> Verification:
        if self.in_order is not None and self.model_fields_set & {"match", "count", "at_least", "at_most"}:
            raise ValueError("'in_order' goes with status only: how often, or in which order")
        return self


class ExportedState(StrictModel):
    """A sandbox's state as GET answers it."""

    provider: str
    collections: dict[str, Any]


class RecordsQuery(StrictModel):
    """Which part of a collection."""

    limit: int = Field(default=100, ge=1, le=10_000, description="The newest so many.")


class RequestsQuery(StrictModel):
    """Which part of the journal."""

    limit: int = Field(default=100, ge=1, le=10_000, description="The newest so many.")
    after: str | None = Field(default=None, description="Only calls behind this one.")


class TrafficQuery(StrictModel):
    """Which stretch of time is looked at."""

    seconds: int = Field(default=300, ge=60, le=3600, description="The newest so many, on the machine's clock.")
