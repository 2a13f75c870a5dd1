"""Does the work and answers JSON that stops too early, in an answer that is otherwise whole."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault


class MalformedJson(Fault):
    """Answers with the right headers and half a JSON document."""

    kind: Literal["malformed_json"] = "malformed_json"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Cut the document in the middle; the length announced is that of what is sent."""
        reply = proceed(call)
        half = reply.body[: max(1, len(reply.body) // 2)]
        # Half a number is a number, and half of nothing is nothing.
        reply.body = b"{" if half.lstrip()[:1] in b"-0123456789" else half
        return reply
