"""Answers with any status, in the provider's own envelope or with a given body, and does no work."""

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
    """Answers with a status instead of doing the work."""

    kind: Literal["status"] = "status"
    status: int = Field(default=500, ge=200, le=599)
    detail: str = Field(default="Injected failure", max_length=1000)
    headers: SettableHeaders = Field(default_factory=dict, description="Further headers of the answer.")
    body: Any = Field(default=None, description="Sent instead of the provider's envelope: text as it is, else as JSON.")

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        """Say the status as the provider says it, unless a body is given."""
        extra = list(self.headers.items())
        if self.body is None:
            reply = refusal_reply(call, Problem("injected", self.detail, status=self.status, raised_in="perform"))
            given = set(map(str.lower, self.headers))
            reply.headers = [*((name, value) for name, value in reply.headers if name.lower() not in given), *extra]
            return reply
        text = isinstance(self.body, str)
        kind = "text/plain; charset=utf-8" if text else "application/json"
        headers = extra if "content-type" in map(str.lower, self.headers) else [("Content-Type", kind), *extra]
        return Reply(self.status, headers, self.body.encode() if text else as_json(self.body))
