"""An answer, and what happens to its bytes on their way out."""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.problem import Problem


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


def problem_reply(status: int, detail: str) -> Reply:
    """An answer of the server's own, in nobody's dialect: for what no vendor has words for."""
    body = {"type": "about:blank", "title": "Testmode", "status": status, "detail": detail}
    return Reply(status, [("Content-Type", "application/problem+json")], as_json(body))


def bug_reply() -> Reply:
    """The answer to a call that has hit a bug of ours; what it says must not look like a simulated failure."""
    reply = problem_reply(
        500, "This is a bug of Testmode's own, not a simulated failure; the journal has the traceback"
    )
    reply.headers.append(("X-Testmode-Bug", "1"))
    return reply
