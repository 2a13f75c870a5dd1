"""A simulated API as one value: everything that is peculiar to it, declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from mockserver.engine.core.assumptions import AssumptionNote, Assumptions
from mockserver.engine.core.bound import Bound
from mockserver.engine.core.call import Call, Dialect, Stage
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.idempotency_policy import IdempotencyPolicy
from mockserver.engine.core.keys import Credential, KeyPolicy
from mockserver.engine.core.latency import Fixed, Lognormal, Uniform
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.operation import Operation
from mockserver.engine.core.problem import UnknownName
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.renamed import RenamedDialect
from mockserver.engine.core.simulation import Simulation
from mockserver.engine.core.webhook_style import WebhookStyle
from mockserver.storage.base import Collection, State

_NO_LIMIT = AssumptionNote("How often a sandbox may be called.", "No limit is documented.")
SIZES = ("small", "medium", "large")
Progress = Callable[[int, int], None]
"""Told (done, total) now and then while something long runs."""


def ignore_progress(done: int, total: int) -> None:
    """Stand in where nobody watches."""


DEFAULT_STAGES: list[Stage] = []
"""The stages of a provider that names none of its own; the pipeline, which core does not import, says which."""


def _raw_body(call: Call) -> bytes:
    return call.data


@dataclass(frozen=True, eq=False)
class Provider:
    """One simulated API. ``name`` is its path prefix, its default sandbox's id and its word everywhere.

    It is equal to itself alone, so what is worked out of it may be remembered by it.
    """

    name: str
    title: str
    tenant: str
    """What the vendor calls a sandbox: organization, workspace, platform, account."""
    version: str
    prefix: str
    """What a client's base URL ends with: ``/v1``, ``/t/{slug}/api/v1``."""
    operations: tuple[Operation, ...]
    collections: tuple[Collection, ...]
    dialect: Dialect
    credential: Callable[[Mapping[str, str], str], Credential]
    """(headers by lower-case name, raw query) -> what the client showed."""
    keys: KeyPolicy
    generate: Callable[[Randomness, str, Progress], State]
    """(randomness, size, progress) -> the records a sandbox begins with."""
    age_seed_data: Callable[[State, int], State] | None = None
    """(generated records, instant) -> the same lives as they stand on that day; None where time does not touch them."""
    read_body_credential: Callable[[bytes, str], Credential] | None = None
    """(body, Content-Type) -> what the client showed there; asked only when headers and query show nothing."""
    read_body: Callable[[Call], bytes] = _raw_body
    """(call) -> its body as JSON; for providers that also take other media types."""
    repeated_query_parameter: Literal["first", "last"] = "last"
    """Which one counts of a query parameter that is sent more than once."""
    slug: str | None = None
    """The path parameter that names the tenant; None where only the key does."""
    assumptions: type[Assumptions] = Assumptions
    simulations: tuple[Simulation, ...] = ()
    idempotency: IdempotencyPolicy | None = None
    limits: Limits = field(default_factory=Limits)
    latency: Fixed | Uniform | Lognormal | None = None
    webhooks: WebhookStyle | None = None
    """How it tells others of its events; None where it tells nobody."""
    stages: tuple[Stage, ...] = field(default_factory=lambda: tuple(DEFAULT_STAGES))
    refusal_media_types: tuple[str, ...] = ("application/problem+json", "application/json")
    """The media types refusals may have."""
    refused_paths: tuple[str, ...] = ()
    """Paths that exist and have no operation: every method gets 405 there."""
    limits_assumption: AssumptionNote = _NO_LIMIT
    example: str = ""
    """A path a newcomer may GET first: ``/v1/employees?limit=2``."""
    bounds: tuple[Bound, ...] = ()
    """What only so much is kept of, beside what the engine bounds for all."""
    notes: tuple[str, ...] = ()
    """What to know of it before relying on it, a line each."""

    def __post_init__(self) -> None:
        if not hasattr(self.dialect, "render_record"):
            object.__setattr__(self, "dialect", RenamedDialect(self.dialect))

    def base_path(self, slug: str) -> str:
        """What a sandbox's base URL ends with, behind the provider's own name."""
        return self.prefix.replace("{slug}", slug)

    def key_name(self, id: str, slug: str | None) -> str:
        """The name a sandbox's keys are made with: its slug where paths name the tenant, its id elsewhere."""
        return slug or id if self.slug else id

    def build_assumptions(self, chosen: Mapping[str, Any]) -> Assumptions:
        """What is assumed where these points are chosen, and the rest as usual. Raises ValidationError."""
        # Most sandboxes choose nothing, and what is usual needs no check: building one takes a while at the start.
        return self.assumptions.model_validate_json(as_json(chosen)) if chosen else self.assumptions.model_construct()

    def get_simulation(self, name: str) -> Simulation:
        """The simulation of that name; Unknown names the nearest."""
        found = self._simulations.get(name)
        if found is None:
            raise UnknownName("simulation", name, list(self._simulations))
        return found

    @cached_property
    def _simulations(self) -> dict[str, Simulation]:
        return {each.name: each for each in self.simulations}
