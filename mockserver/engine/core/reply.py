"""The reply, and how the edge sends its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Pace:
    """Sends a body in pieces: ``bytes`` bytes, then a pause of ``seconds`` seconds."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Wire:
    """How the edge sends a reply. It is plain data, so that the edge does not depend on the fault kinds."""

    hold: float = 0.0
    """Seconds of delay before the first byte; infinity means until the client closes the connection."""
    pace: Pace | None = None
    head: bool = True
    """Whether the status line and the headers are sent."""
    cut_after: int | None = None
    """The number of body bytes after which the connection is closed; None sends the whole body."""
    reset: bool = False
    """Whether the connection is closed with a TCP reset."""


@dataclass(slots=True)
class Reply:
    """A response: status, headers and the exact bytes of the body. Status 0 means that no response is sent."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    problem: Problem | None = None
    wire: Wire | None = None

    def header(self, name: str) -> str | None:
        """Returns the first value of a header; names are compared without case."""
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)


def problem_reply(status: int, detail: str) -> Reply:
    """Returns a problem-details response, for errors of Testmode itself, which no vendor returns."""
    body = {"type": "about:blank", "title": "Testmode", "status": status, "detail": detail}
    return Reply(status, [("Content-Type", "application/problem+json")], as_json(body))


def bug_reply() -> Reply:
    """Returns the response to an internal error; it must not look like a simulated failure."""
    reply = problem_reply(500, "This is a bug of Testmode, not a simulated failure; the journal has the traceback")
    reply.headers.append(("X-Testmode-Bug", "1"))
    return reply
