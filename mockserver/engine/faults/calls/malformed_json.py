"""The fault kind ``malformed_json``."""

from __future__ import annotations

from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault


class MalformedJson(Fault):
    """Performs the operation, then sends only the first half of the JSON body; Content-Length is that half's length."""

    kind: Literal["malformed_json"] = "malformed_json"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        half = reply.body[: max(1, len(reply.body) // 2)]
        # Half of a number is valid JSON and half of an empty body is empty, so these bodies become an open brace.
        reply.body = b"{" if half.lstrip()[:1] in b"-0123456789" else half
        return reply
