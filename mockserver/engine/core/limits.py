"""How often a sandbox may be called."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.clock import SECOND, Duration


class Limits(BaseModel):
    """How often a sandbox may be called: by all its keys together, on the sandbox's clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: int | None = Field(default=None, ge=1, le=1_000_000, description="Calls a second that the bucket refills by.")
    burst: int | None = Field(
        default=None, ge=1, le=10_000_000, description="Calls a full bucket holds; default: rate."
    )
    quota: int | None = Field(default=None, ge=0, description="Calls in a period.")
    period: Duration = Field(
        default=86_400 * SECOND,
        gt=0,
        description="The quota's period; periods begin at 1970.",
        json_schema_extra={"default": "1d"},
    )
    retry_after: bool = Field(default=False, description="Whether a 429 says how many seconds to wait.")
