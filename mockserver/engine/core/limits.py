"""The rate limit and the quota of a sandbox."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.clock import SECOND, Duration


class Limits(BaseModel):
    """The rate limit and the quota of a sandbox. They count the calls of all keys together, on the sandbox's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: int | None = Field(
        default=None, ge=1, le=1_000_000, description="Calls per second; the token bucket refills at this rate."
    )
    burst: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Calls in a full token bucket; default: rate."
    )
    quota: int | None = Field(default=None, ge=0, description="Calls per period.")
    period: Duration = Field(
        default=86_400 * SECOND,
        gt=0,
        description="The quota's period; periods are counted from 1970-01-01.",
        json_schema_extra={"default": "1d"},
    )
    retry_after: bool = Field(default=False, description="Whether a 429 response has a Retry-After header.")
