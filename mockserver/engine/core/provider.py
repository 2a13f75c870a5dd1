"""A provider: one value that declares everything peculiar to a simulated API."""

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

_NO_LIMIT = AssumptionNote("The rate limit and the quota of a sandbox.", "No limit is documented.")
SIZES = ("small", "medium", "large")
Progress = Callable[[int, int], None]
"""Called with (done, total) during long work."""


def ignore_progress(done: int, total: int) -> None:
    """A ``Progress`` function that does nothing."""


DEFAULT_STAGES: list[Stage] = []
"""The stages of a provider that declares none. ``pipeline.py`` fills the list, because core must not import it."""


def _unchanged_body(call: Call) -> bytes:
    return call.data


@dataclass(frozen=True, eq=False)
class Provider:
    """One simulated API. ``name`` is also its path prefix and the id of its first sandbox.

    Providers are compared by identity, so that a provider can be a cache key.
    """

    name: str
    title: str
    tenant: str
    """What the vendor calls a sandbox: organization, workspace, platform, account."""
    version: str
    prefix: str
    """The part of a client's base URL after the provider's name: ``/v1``, ``/t/{slug}/api/v1``."""
    operations: tuple[Operation, ...]
    collections: tuple[Collection, ...]
    dialect: Dialect
    credential: Callable[[Mapping[str, str], str], Credential]
    """(headers by lower-case name, raw query) -> the request's credential."""
    keys: KeyPolicy
    generate: Callable[[Randomness, str, Progress], State]
    """(randomness, size, progress) -> the seed data."""
    age_seed_data: Callable[[State, int], State] | None = None
    """(generated records, instant) -> the records with dates shifted to that instant; None if they have no dates."""
    read_body_credential: Callable[[bytes, str], Credential] | None = None
    """(body, Content-Type) -> the credential in the body; called only if headers and query have none."""
    read_body: Callable[[Call], bytes] = _unchanged_body
    """(call) -> the body as JSON bytes. A provider that also accepts other media types converts them here."""
    repeated_query_value: Literal["first", "last"] = "last"
    """Which value counts when a query parameter is repeated."""
    slug: str | None = None
    """The path parameter that names the tenant; None if only the key identifies it."""
    assumptions: type[Assumptions] = Assumptions
    simulations: tuple[Simulation, ...] = ()
    idempotency: IdempotencyPolicy | None = None
    limits: Limits = field(default_factory=Limits)
    latency: Fixed | Uniform | Lognormal | None = None
    webhooks: WebhookStyle | None = None
    """None if the provider sends no webhooks."""
    stages: tuple[Stage, ...] = field(default_factory=lambda: tuple(DEFAULT_STAGES))
    refusal_media_types: tuple[str, ...] = ("application/problem+json", "application/json")
    """The media types of refusals in the OpenAPI document."""
    refused_paths: tuple[str, ...] = ()
    """Paths that exist but have no operation, so that every method is refused with 405."""
    limits_assumption: AssumptionNote = _NO_LIMIT
    example: str = ""
    """A path for a first GET request: ``/v1/employees?limit=2``."""
    bounds: tuple[Bound, ...] = ()
    """The bounds of this provider, in addition to those of the engine."""
    notes: tuple[str, ...] = ()
    """What a user should know before relying on the provider, one line each."""

    def __post_init__(self) -> None:
        if not hasattr(self.dialect, "render_record"):  # A dialect with the method names of version 0.1.0.
            object.__setattr__(self, "dialect", RenamedDialect(self.dialect))

    def base_path(self, slug: str) -> str:
        """Returns the end of a sandbox's base URL, after the provider's name."""
        return self.prefix.replace("{slug}", slug)

    def key_name(self, id: str, slug: str | None) -> str:
        """Returns the name that becomes a part of a sandbox's keys: the slug if paths have one, otherwise the id."""
        return slug or id if self.slug else id

    def build_assumptions(self, chosen: Mapping[str, Any]) -> Assumptions:
        """Returns the assumptions with the chosen values and the defaults for the rest. Raises ValidationError."""
        # Most sandboxes choose nothing. Skipping validation for them saves start time: defaults need no check.
        return self.assumptions.model_validate_json(as_json(chosen)) if chosen else self.assumptions.model_construct()

    def get_simulation(self, name: str) -> Simulation:
        """Returns a simulation; raises UnknownName with the nearest name."""
        simulation = self._simulations.get(name)
        if simulation is None:
            raise UnknownName("simulation", name, list(self._simulations))
        return simulation

    @cached_property
    def _simulations(self) -> dict[str, Simulation]:
        return {each.name: each for each in self.simulations}
