"""The call, and Protocols used in place of its sandbox, provider and operation to avoid circular imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from mockserver.engine.core.assumptions import Assumptions
from mockserver.engine.core.idempotency_policy import IdempotencyPolicy
from mockserver.engine.core.keys import NO_CREDENTIAL, Credential, Key
from mockserver.engine.core.latency import Distribution
from mockserver.engine.core.limits import Limits
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.randomness import Randomness, Rng
from mockserver.engine.core.reply import Reply
from mockserver.engine.core.unavailable_space import UNAVAILABLE_SPACE
from mockserver.storage.base import Record, Space


@dataclass(slots=True)
class TraceStep:
    """The part of a trace that one stage writes: the status it returned and its note."""

    stage: str
    status: int | None = None
    note: str = ""


_REQUEST_FIELDS = (
    *("sandbox", "method", "path", "operation", "args", "query", "headers", "data", "too_large", "allowed"),
    *("address", "mount", "origin", "credential", "tenant_known"),
)
"""The fields that are set before the pipeline begins."""


def _no_wait(seconds: float) -> None:
    """The default of ``Call.wait``: returns at once."""


@dataclass(slots=True)
class Call:
    """One request to a provider. Stages and operations get all their input from it."""

    sandbox: SandboxView
    method: str
    path: str
    """The path as the client sent it."""
    operation: OperationView | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names are in lower case."""
    data: bytes = b""
    too_large: bool = False
    """Whether the body exceeds the sandbox's ``body_limit``; it was then not read."""
    allowed: tuple[str, ...] | None = None
    """The methods of the path, if it exists but not with the call's method; otherwise None."""
    address: str = "127.0.0.1"
    mount: str = ""
    """The path prefix in front of the provider's paths, for links."""
    origin: str = "http://127.0.0.1"
    credential: Credential = NO_CREDENTIAL
    tenant_known: bool = True
    """Whether the tenant named in the path exists; True if the provider's paths name no tenant."""
    wait: Callable[[float], None] = _no_wait
    """Delays this call by a number of seconds of real time. Stages must use it instead of sleeping."""
    now: int = 0
    """The instant of the call on the sandbox's clock."""
    serial: int = 0
    """The number of the call in its sandbox."""
    epoch: int = 0
    """The sandbox's epoch when the call began."""
    key: Key | None = None
    query_parameters: BaseModel | None = None
    """The query, parsed into the operation's model."""
    trace: list[TraceStep] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    """Ids of the fault rules that hit the call."""
    tokens: float | None = None
    """The tokens left in the rate limit's bucket after this call; None if no rate limit was checked."""
    rng: Rng | None = None
    """The rng of the current fault. It belongs to the rule, so that other traffic does not change its values."""
    before_commit: list[Callable[[Space, Call, Reply], None]] = field(default_factory=list)
    """Functions that run after the operation, in its transaction, to write more records."""
    prepared: Any = None
    """What ``Operation.prepare`` returned before the transaction began."""
    space: Space = UNAVAILABLE_SPACE
    """The records of the sandbox; available only while the operation is performed."""
    _body: BaseModel | Problem | None = None

    @property
    def body(self) -> Any:
        """Returns the body, parsed into the operation's model. Raises Problem if fields are invalid.

        The Problem is raised only here, so that the operation can refuse a missing record before an invalid field.
        """
        if isinstance(self._body, Exception):
            raise self._body
        return self._body

    def copy_for_replay(self) -> Call:
        """Returns a call with the same request and no results; its ``wait`` returns at once."""
        return Call(**{name: getattr(self, name) for name in _REQUEST_FIELDS})

    def note(self, text: str) -> None:
        """Sets the note of the newest trace step, which says what the stage decided and why."""
        self.trace[-1].note = text

    def nth(self, purpose: str) -> int:
        """Increments and returns the sandbox's counter for a purpose, such as the ids of a collection."""
        return self.space.increment(purpose)


Proceed = Callable[[Call], Reply]
Stage = Callable[[Call, Proceed], Reply]


class Dialect(Protocol):
    """How a provider renders records, lists and refusals."""

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply: ...

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        """Renders a page of a list; ``following`` is the cursor of the next page, None on the last page."""

    def render_problem(self, call: Call, problem: Problem) -> Reply: ...

    def decorate(self, call: Call, reply: Reply) -> None:
        """Adds the headers that the provider sends with every response."""


class OperationView(Protocol):
    """The part of ``core.operation.Operation`` that stages and operations use."""

    @property
    def name(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def body(self) -> type[BaseModel] | None: ...
    @property
    def query(self) -> type[BaseModel] | None: ...
    @property
    def response_model(self) -> type[BaseModel] | None: ...
    @property
    def summary(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def refusals(self) -> tuple[int, ...]: ...
    @property
    def media_types(self) -> tuple[str, ...]: ...
    @property
    def scope(self) -> str | None: ...
    @property
    def perform(self) -> Callable[[Call], Reply]: ...
    @property
    def available_if(self) -> Callable[[Assumptions], bool] | None: ...
    @property
    def prepare(self) -> Callable[[Call], Any] | None: ...
    def is_available(self, assumptions: Assumptions) -> bool: ...


class ProviderView(Protocol):
    """The part of ``core.provider.Provider`` that stages and operations use."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def dialect(self) -> Dialect: ...
    @property
    def operations(self) -> Sequence[OperationView]: ...
    @property
    def idempotency(self) -> IdempotencyPolicy | None: ...
    @property
    def repeated_query_value(self) -> Literal["first", "last"]: ...
    @property
    def read_body(self) -> Callable[[Call], bytes]: ...
    @property
    def refusal_media_types(self) -> tuple[str, ...]: ...


class CallRule(Protocol):
    """An active fault rule for calls."""

    def wrap(self, proceed: Proceed) -> Proceed:
        """Returns the rest of the pipeline, wrapped in the fault."""


class CallRules(Protocol):
    """The fault rules of a sandbox."""

    @property
    def call_rules(self) -> Sequence[CallRule]:
        """The active rules for calls, ordered by priority: the outermost first."""


class CallLog(Protocol):
    """The journal of a sandbox."""

    def record(self, call: Call, reply: Reply, milliseconds: float, bug: str | None) -> None:
        """Adds a call with its reply; ``bug`` is the traceback of an internal error."""


class KeyWriter(Protocol):
    """The keys of a sandbox: calls look them up, simulations write them in their transaction."""

    by_secret: dict[str, Key]

    def write_key(
        self,
        space: Space,
        now: int,
        *,
        mode: str | None = None,
        scopes: Iterable[str] = (),
        cidrs: Iterable[str] = (),
        active_at: int | None = None,
        expires_at: int | None = None,
        revoked_at: int | None = None,
    ) -> Key: ...

    def write_revocation(self, space: Space, now: int, id: str, after: int | None = None) -> Key:
        """Revokes a key given by id or secret; ``after`` is the lag in microseconds, by default ``revocation_lag``."""


class EventSender(Protocol):
    """The webhook deliveries of a sandbox."""

    def enqueue(
        self, space: Space, now: int, event: Record, endpoint: str | None = None, *, once: bool = False
    ) -> list[str]:
        """Adds a delivery per subscribed endpoint, or for ``endpoint``; ``once`` disables retries. Returns the ids."""

    def send_test(self, space: Space, now: int, endpoint: str) -> list[str]:
        """Adds a delivery of the vendor's test event to an endpoint; returns the delivery ids."""

    def replay(self, event: Record) -> list[Record]:
        """Sends an event again, immediately and without retries; returns the deliveries."""


class SandboxView(Protocol):
    """The part of a sandbox that stages, operations, simulations and webhooks use."""

    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def provider(self) -> ProviderView: ...
    @property
    def assumptions(self) -> Assumptions: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def latency(self) -> Distribution | None: ...
    @property
    def randomness(self) -> Randomness: ...
    @property
    def keys(self) -> Mapping[str, Key]: ...
    @property
    def keyring(self) -> KeyWriter: ...
    @property
    def ruleset(self) -> CallRules: ...
    @property
    def journal(self) -> CallLog: ...
    @property
    def outbox(self) -> EventSender: ...

    def now(self) -> int:
        """Runs the timers that are due and returns the current instant of the sandbox's clock."""

    def clock_time(self) -> int:
        """Returns the current instant of the sandbox's clock without running timers."""

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Sets a timer that runs the simulation ``action`` at the instant ``due``; returns the timer's id."""

    def transaction(
        self, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """Opens a transaction on the sandbox's records and holds the sandbox's lock; see ``Store.transaction``."""

    def handle(self, call: Call) -> Reply: ...

    def release_claim(self, claim: str, epoch: int) -> None:
        """Releases a claim that was made in the given epoch."""
