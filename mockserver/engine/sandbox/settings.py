"""The settings of a sandbox, and the overlays of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.limits import Limits

Overlay = Mapping[str, Any]
"""The settings that a scenario puts over the sandbox's: limits, latency, assumptions."""


class Settings(BaseModel):
    """What an operator can change on a sandbox; a setting left out has the provider's value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: str = "1"
    size: str = "small"
    slug: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,50}$")
    assumptions: dict[str, Any] = Field(default_factory=dict)
    limits: Limits | None = None
    latency: Distribution | None = None
