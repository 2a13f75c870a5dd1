"""A simulated API as one value: everything that is peculiar to it, declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from mockserver.engine.core.assumptions import Assumed, Assumptions
from mockserver.engine.core.call import Call, Credential
from mockserver.engine.core.dialect import Dialect, as_json
from mockserver.engine.core.keys import KeyPolicy
from mockserver.engine.core.operation import Operation
from mockserver.engine.core.problem import Unknown
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.pipeline.idempotency import IdempotencyPolicy
from mockserver.engine.pipeline.latency import Fixed, Lognormal, Uniform
from mockserver.engine.pipeline.pipeline import STAGES, Proceed, Stage, fold
from mockserver.engine.pipeline.ratelimit import Limits
from mockserver.engine.webhooks.style import WebhookStyle
from mockserver.storage.base import Collection, Space, State

if TYPE_CHECKING:
    from mockserver.engine.bounds import Bound
    from mockserver.engine.core.keys import Key
    from mockserver.engine.sandbox.sandbox import Sandbox

_NO_LIMIT = Assumed("How often a sandbox may be called.", "No limit is documented.")
SIZES = ("small", "medium", "large")
Progress = Callable[[int, int], None]
"""Told (done, total) now and then while something long runs."""


def quiet(done: int, total: int) -> None:
    """Stand in where nobody watches."""


@dataclass(slots=True)
class Moment:
    """What a simulation has at hand: the sandbox, the instant, and the records of the running transaction."""

    sandbox: Sandbox
    now: int
    space: Space
    keys: list[Key] = field(default_factory=list)
    """Keys made or changed; they count once the transaction has been kept."""

    def mint(self, **wanted: Any) -> Key:
        """Make a key, as Keyring.mint does."""
        self.keys.append(self.sandbox.keyring.write(self.space, self.now, **wanted))
        return self.keys[-1]

    def revoke(self, id: str) -> Key:
        """Revoke a key by id or secret."""
        self.keys.append(self.sandbox.keyring.write_revoked(self.space, self.now, id))
        return self.keys[-1]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Something that happens off stage and has no API operation, such as a device recording a withdrawal."""

    name: str
    sentence: str
    parameters: type[BaseModel]
    run: Callable[[Moment, Any], Mapping[str, Any]]
    """(moment, parameters) -> what happened, as plain data."""
    offered: bool = True
    """Whether operators may ask for it; others only fall due, when an operation has scheduled them."""


def _as_sent(call: Call) -> bytes:
    return call.data


@dataclass(frozen=True)
class Provider:
    """One simulated API. ``name`` is its path prefix, its default sandbox's id and its word everywhere."""

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
    settle: Callable[[State, int], State] | None = None
    """(generated records, instant) -> the same lives as they stand on that day; None where time does not touch them."""
    body_credential: Callable[[bytes, str], Credential] | None = None
    """(body, Content-Type) -> what the client showed there; asked only when headers and query show nothing."""
    read: Callable[[Call], bytes] = _as_sent
    """(call) -> its body as JSON; for providers that also take other media types."""
    repeated: Literal["first", "last"] = "last"
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
    stages: tuple[Stage, ...] = STAGES
    refusal_media: tuple[str, ...] = ("application/problem+json", "application/json")
    """The media types refusals may have."""
    refused_paths: tuple[str, ...] = ()
    """Paths that exist and have no operation: every method gets 405 there."""
    limits_said: Assumed = _NO_LIMIT
    example: str = ""
    """A path a newcomer may GET first: ``/v1/employees?limit=2``."""
    bounds: tuple[Bound, ...] = ()
    """What only so much is kept of, beside what the engine bounds for all."""
    notes: tuple[str, ...] = ()
    """What to know of it before relying on it, a line each."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", fold(self.stages))

    answer: Proceed = field(init=False, repr=False, compare=False)
    """The whole pipeline, folded once."""

    def base_path(self, slug: str) -> str:
        """What a sandbox's base URL ends with, behind the provider's own name."""
        return self.prefix.replace("{slug}", slug)

    def key_name(self, id: str, slug: str | None) -> str:
        """The name a sandbox's keys are made with: its slug where paths name the tenant, its id elsewhere."""
        return slug or id if self.slug else id

    def assumed(self, chosen: Mapping[str, Any]) -> Assumptions:
        """What is assumed where these points are chosen, and the rest as usual. Raises ValidationError."""
        # Most sandboxes choose nothing, and what is usual needs no check: building one takes a while at the start.
        return self.assumptions.model_validate_json(as_json(chosen)) if chosen else self.assumptions.model_construct()

    def simulation(self, name: str) -> Simulation:
        """The simulation of that name; Unknown names the nearest."""
        found = self._simulations.get(name)
        if found is None:
            raise Unknown("simulation", name, list(self._simulations))
        return found

    @cached_property
    def _simulations(self) -> dict[str, Simulation]:
        return {each.name: each for each in self.simulations}
