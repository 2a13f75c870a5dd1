"""One request on its way in, what goes back, and what happens to the bytes on their way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import BaseModel

    from mockserver.engine.core.keys import Key
    from mockserver.engine.core.operation import Operation
    from mockserver.engine.core.problem import Problem
    from mockserver.engine.core.randomness import Chance
    from mockserver.engine.sandbox.sandbox import Sandbox
    from mockserver.storage.base import Space


@dataclass(frozen=True, slots=True)
class Pace:
    """So many bytes of the answer, then so many seconds of silence, and again."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Wire:
    """What the edge does to an answer's bytes: data, so that the edge never asks which fault it was."""

    hold: float = 0.0
    """Seconds of silence before the first byte; infinite means until the client has gone."""
    pace: Pace | None = None
    head: bool = True
    """False sends neither status line nor headers."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    reset: bool = False
    """Close with a TCP reset instead of an orderly end."""


@dataclass(slots=True)
class Reply:
    """An answer: status, headers and the exact bytes of the body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    problem: Problem | None = None
    wire: Wire | None = None

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


class Credential(NamedTuple):
    """What a client showed: nothing, a secret, or something that cannot be one."""

    secret: str | None = None
    shown: bool = False


NOBODY = Credential()


@dataclass(slots=True)
class Step:
    """What one stage said to a call."""

    stage: str
    status: int | None = None
    note: str = ""


_READ = (
    *("sandbox", "method", "path", "operation", "args", "query", "headers", "data", "too_large", "allowed"),
    *("address", "mount", "origin", "credential", "tenant_known"),
)
"""What of a call is there before the pipeline begins."""


def _no_wait(seconds: float) -> None:
    """Stand in for the edge where nothing has to be felt."""


@dataclass(slots=True)
class Call:
    """One request, read once; stages and operations see nothing else of the outside."""

    sandbox: Sandbox
    method: str
    path: str
    """The path as the client sent it."""
    operation: Operation | None = None
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
    credential: Credential = NOBODY
    tenant_known: bool = True
    """Whether the tenant that the path names exists, for providers whose paths name one."""
    wait: Callable[[float], None] = _no_wait
    """The only way to let time pass: the client feels it, no other call does."""
    now: int = 0
    serial: int = 0
    epoch: int = 0
    """Which life of the sandbox the call began in; a reset begins another."""
    key: Key | None = None
    parameters: BaseModel | None = None
    """The query, read into the operation's model."""
    trace: list[Step] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    tokens: float | None = None
    """How many further calls the rate limit's bucket held after this one; None where none was asked."""
    chance: Chance | None = None
    """The dice of the fault that happens now: a rule's own, so that other traffic does not change how they fall."""
    before_commit: list[Callable[[Space, Call, Reply], None]] = field(default_factory=list)
    prepared: Any = None
    """What the operation has prepared before its transaction began."""
    _space: Space | None = None
    _body: BaseModel | Problem | None = None

    @property
    def space(self) -> Space:
        """The records of the sandbox; only while the operation is performed."""
        assert self._space is not None, "records are reachable only while an operation is performed"
        return self._space

    @property
    def body(self) -> Any:
        """The body, read into the operation's model; asking for it raises what is wrong with its fields.

        So the operation decides whether a missing record or a wrong field is refused first.
        """
        if isinstance(self._body, Exception):
            raise self._body
        return self._body

    def again(self) -> Call:
        """The same request once more, as it was read and with nothing of what came of it; nobody waits for it."""
        return Call(**{name: getattr(self, name) for name in _READ})

    def note(self, text: str) -> None:
        """Write into the journal what the stage that runs now has decided, and why."""
        self.trace[-1].note = text

    def nth(self, purpose: str) -> int:
        """Count up a purpose of this sandbox, for ids and dice; kept with the operation's other writes."""
        return self.space.bump(purpose)
