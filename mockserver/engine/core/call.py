"""One request on its way in, and what it may ask of the sandbox, the provider and the operation it belongs to.

Sandbox, provider and operation all need Call; so that no two files import each other, Call knows them as Protocols.
"""

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
    """What one stage said to a call."""

    stage: str
    status: int | None = None
    note: str = ""


_REQUEST_FIELDS = (
    *("sandbox", "method", "path", "operation", "args", "query", "headers", "data", "too_large", "allowed"),
    *("address", "mount", "origin", "credential", "tenant_known"),
)
"""What of a call is there before the pipeline begins."""


def _no_wait(seconds: float) -> None:
    """Stand in for the edge where nothing has to be felt."""


@dataclass(slots=True)
class Call:
    """One request, read once; stages and operations see nothing else of the outside."""

    sandbox: SandboxView
    method: str
    path: str
    """The path as the client sent it."""
    operation: OperationView | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""
    data: bytes = b""
    too_large: bool = False
    """The body was longer than the sandbox takes, and was not read."""
    allowed: tuple[str, ...] | None = None
    """The methods the path has, when it has not this one; None when there is no such path."""
    address: str = "127.0.0.1"
    mount: str = ""
    """What stands before the provider's own paths, for links."""
    origin: str = "http://127.0.0.1"
    credential: Credential = NO_CREDENTIAL
    tenant_known: bool = True
    """Whether the tenant that the path names exists, for providers whose paths name one."""
    wait: Callable[[float], None] = _no_wait
    """The only way to let time pass: the client feels it, no other call does."""
    now: int = 0
    serial: int = 0
    epoch: int = 0
    """Which life of the sandbox the call began in; a reset begins another."""
    key: Key | None = None
    query_parameters: BaseModel | None = None
    """The query, read into the operation's model."""
    trace: list[TraceStep] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    tokens: float | None = None
    """How many further calls the rate limit's bucket held after this one; None where none was asked."""
    rng: Rng | None = None
    """The dice of the fault that happens now: a rule's own, so that other traffic does not change how they fall."""
    before_commit: list[Callable[[Space, Call, Reply], None]] = field(default_factory=list)
    prepared: Any = None
    """What the operation has prepared before its transaction began."""
    space: Space = UNAVAILABLE_SPACE
    """The records of the sandbox; only while the operation is performed."""
    _body: BaseModel | Problem | None = None

    @property
    def body(self) -> Any:
        """The body, read into the operation's model; asking for it raises what is wrong with its fields.

        So the operation decides whether a missing record or a wrong field is refused first.
        """
        if isinstance(self._body, Exception):
            raise self._body
        return self._body

    def copy_for_replay(self) -> Call:
        """The same request once more, as it was read and with nothing of what came of it; nobody waits for it."""
        return Call(**{name: getattr(self, name) for name in _REQUEST_FIELDS})

    def note(self, text: str) -> None:
        """Write into the journal what the stage that runs now has decided, and why."""
        self.trace[-1].note = text

    def nth(self, purpose: str) -> int:
        """Count up a purpose of this sandbox, for ids and dice; kept with the operation's other writes."""
        return self.space.increment(purpose)


Proceed = Callable[[Call], Reply]
Stage = Callable[[Call, Proceed], Reply]


class Dialect(Protocol):
    """Writes records, lists and refusals as the provider writes them."""

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        """The answer that shows a single record."""

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        """The answer that shows a page of a list, and where the next page begins."""

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        """The answer that says a refusal."""

    def decorate(self, call: Call, reply: Reply) -> None:
        """Add to any answer what the provider never leaves out."""


class OperationView(Protocol):
    """The operation of a call, as stages and other operations see it: core/operation.py has it whole."""

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
    def is_available(self, assumptions: Assumptions) -> bool:
        """Whether a sandbox with these assumptions has the operation."""


class ProviderView(Protocol):
    """The provider of a call, as stages and operations see it: core/provider.py has it whole."""

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
    def repeated_query_parameter(self) -> Literal["first", "last"]: ...
    @property
    def read_body(self) -> Callable[[Call], bytes]: ...
    @property
    def refusal_media_types(self) -> tuple[str, ...]: ...


class CallRule(Protocol):
    """A fault rule that is at work in the sandbox of a call."""

    def wrap(self, proceed: Proceed) -> Proceed:
        """The rest of the pipeline with the fault around it."""


class CallRules(Protocol):
    """The fault rules of a sandbox."""

    @property
    def call_rules(self) -> Sequence[CallRule]: ...


class CallLog(Protocol):
    """The journal of a sandbox."""

    def record(self, call: Call, reply: Reply, milliseconds: float, bug: str | None) -> None:
        """Add a call with its reply, and the traceback of the bug of ours it hit."""


class KeyWriter(Protocol):
    """The keys of a sandbox, as calls find them and simulations write them within a transaction."""

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
    ) -> Key:
        """Write a new key."""

    def write_revocation(self, space: Space, now: int, id: str, after: int | None = None) -> Key:
        """Write the revocation of a key."""


class EventSender(Protocol):
    """The webhook deliveries of a sandbox."""

    def enqueue(
        self, space: Space, now: int, event: Record, only: str | None = None, *, once: bool = False
    ) -> list[str]:
        """Have an event delivered to every endpoint that asked for it; returns the ids of the deliveries."""

    def send_test(self, space: Space, now: int, endpoint: str) -> list[str]:
        """Send an endpoint the vendor's test event; returns the ids of the deliveries."""

    def replay(self, event: Record) -> list[Record]:
        """Send an event once more, at once; returns the deliveries."""


class SandboxView(Protocol):
    """The sandbox of a call, as stages, operations, simulations and webhooks see it."""

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
        """The instant it is in the sandbox, once everything due until then has been done."""

    def clock_time(self) -> int:
        """What the sandbox's clock shows."""

    def schedule(self, space: Space, due: int, action: str, parameters: dict[str, Any]) -> str:
        """Have a simulation fall due at an instant; returns the id of the timer."""

    def transaction(
        self, *, durable: bool = True, wait: bool = True, read_only: bool = False
    ) -> AbstractContextManager[Space]:
        """The sandbox's records, under its lock."""

    def handle(self, call: Call) -> Reply:
        """Take a call through the pipeline."""

    def release_claim(self, claim: str, epoch: int) -> None:
        """Release a claim that was made in a life of the sandbox."""
