"""The reply, and what the edge does to its bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Pace:
    """Send a number of bytes, pause for a number of seconds, and repeat."""

    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Wire:
    """What the edge does to the bytes of a reply. It is data, so that the edge need not know the fault."""

    hold: float = 0.0
    """Seconds before the first byte; infinite means until the client closes the connection."""
    pace: Pace | None = None
    head: bool = True
    """Whether the status line and the headers are sent."""
    cut_after: int | None = None
    """Close the connection after this number of body bytes."""
    reset: bool = False
    """Close the connection with a TCP reset."""


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
    """Returns a problem-details response of the server, for errors that no vendor has."""
    body = {"type": "about:blank", "title": "Testmode", "status": status, "detail": detail}
    return Reply(status, [("Content-Type", "application/problem+json")], as_json(body))


def bug_reply() -> Reply:
    """Returns the response to an internal error; it must not look like a simulated failure."""
    reply = problem_reply(500, "This is a bug of Testmode, not a simulated failure; the journal has the traceback")
    reply.headers.append(("X-Testmode-Bug", "1"))
    return reply
