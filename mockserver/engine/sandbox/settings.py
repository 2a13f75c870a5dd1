"""How a sandbox behaves: what an operator chose, and what scenarios lay over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.limits import Limits

Overlay = Mapping[str, Any]
"""The settings a scenario lays over the sandbox's own: limits, latency, assumptions."""


class Settings(BaseModel):
    """How a sandbox behaves; what is left out is as its provider has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: str = "1"
    size: str = "small"
    slug: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,50}$")
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None
