"""Latency distributions."""

from __future__ import annotations

from math import exp
from statistics import NormalDist
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_LATENCY_MS = 600_000
"""The longest latency in milliseconds: ten minutes, which is longer than clients wait."""
Milliseconds = Annotated[float, Field(ge=0, le=MAX_LATENCY_MS)]


class Fixed(BaseModel):
    """The same latency for every call."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["fixed"] = "fixed"
    ms: Milliseconds

    def draw(self, unit: float) -> float:  # noqa: ARG002
        """Returns the latency in seconds; ``unit`` has no effect."""
        return self.ms / 1000


class Uniform(BaseModel):
    """A latency between two bounds, all values equally likely."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["uniform"] = "uniform"
    min_ms: Milliseconds
    max_ms: Milliseconds

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.min_ms > self.max_ms:
            raise ValueError(f"min_ms {self.min_ms:g} is above max_ms {self.max_ms:g}")
        return self

    def draw(self, unit: float) -> float:
        """Returns the latency in seconds for a random number in [0, 1)."""
        return (self.min_ms + (self.max_ms - self.min_ms) * unit) / 1000


class Lognormal(BaseModel):
    """A latency that is mostly near the median and has a long tail, as real services have."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["lognormal"] = "lognormal"
    median_ms: Milliseconds
    sigma: float = Field(ge=0, le=5)
    max_ms: Milliseconds = MAX_LATENCY_MS

    def draw(self, unit: float) -> float:
        """Returns the latency in seconds for a random number in [0, 1)."""
        deviation = NormalDist().inv_cdf(min(max(unit, 1e-12), 1 - 1e-12))
        return min(self.median_ms * exp(self.sigma * deviation), self.max_ms) / 1000


Distribution = Annotated[Fixed | Uniform | Lognormal, Field(discriminator="type")]
