"""How a provider speaks: the seam each room fills in once."""

from __future__ import annotations

from collections.abc import Sequence
from json import JSONEncoder
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import to_json

if TYPE_CHECKING:
    from mockserver.engine.core.call import Call, Reply
    from mockserver.engine.core.problem import Problem
    from mockserver.storage.base import Record


class Dialect(Protocol):
    """Writes records, lists and refusals as the provider writes them."""

    def one(self, call: Call, record: Record, status: int = 200) -> Reply:
        """The answer that shows a single record."""

    def many(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        """The answer that shows a page of a list, and where the next page begins."""

    def refuse(self, call: Call, problem: Problem) -> Reply:
        """The answer that says a refusal."""

    def dress(self, call: Call, reply: Reply) -> None:
        """Add to any answer what the provider never leaves out."""


_strict = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_sorted = JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=True)


def as_json(value: Any, *, sort: bool = False) -> bytes:
    """JSON as it goes on the wire: compact, UTF-8; with ``sort`` the members of objects by name.

    Raises ValueError for what neither can say: halves of surrogate pairs, numbers that are none or endless.
    """
    if sort:
        return _sorted.encode(value).encode()
    data = to_json(value)
    # Pydantic would let these numbers pass, and in a text they are harmless.
    return _strict.encode(value).encode() if b"NaN" in data or b"Infinity" in data else data


def plain_problem(status: int, detail: str) -> Reply:
    """An answer of the server's own, in nobody's dialect: for what no vendor has words for."""
    from mockserver.engine.core.call import Reply

    body = {"type": "about:blank", "title": "Testmode", "status": status, "detail": detail}
    return Reply(status, [("Content-Type", "application/problem+json")], as_json(body))


def plain_bug() -> Reply:
    """The answer to a call that has hit a bug of ours; what it says must not look like a simulated failure."""
    reply = plain_problem(
        500, "This is a bug of Testmode's own, not a simulated failure; the journal has the traceback"
    )
    reply.headers.append(("X-Testmode-Bug", "1"))
    return reply
