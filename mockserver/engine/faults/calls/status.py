"""The fault kind ``status``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.headers import SettableHeaders
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault, refusal_reply


class Status(Fault):
    """Responds with the given status and the provider's error or a given body, without performing the operation."""

    kind: Literal["status"] = "status"
    status: int = Field(default=500, ge=200, le=599)
    detail: str = Field(default="Injected failure", max_length=1000)
    headers: SettableHeaders = Field(default_factory=dict, description="Additional response headers.")
    body: Any = Field(
        default=None,
        description="The body instead of the provider's: a string is sent as it is, other values as JSON.",
    )

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        extra = list(self.headers.items())
        if self.body is None:
            reply = refusal_reply(call, Problem("injected", self.detail, status=self.status, raised_in="perform"))
            overridden = set(map(str.lower, self.headers))
            reply.headers = [
                *((name, value) for name, value in reply.headers if name.lower() not in overridden),
                *extra,
            ]
            return reply
        text = isinstance(self.body, str)
        kind = "text/plain; charset=utf-8" if text else "application/json"
        headers = extra if "content-type" in map(str.lower, self.headers) else [("Content-Type", kind), *extra]
        return Reply(self.status, headers, self.body.encode() if text else as_json(self.body))
