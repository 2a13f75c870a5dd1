"""A complete kind of fault: finds clients that break when a response has an unknown member."""

from json import dumps, loads
from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault


class ExtraMember(Fault):
    """Adds an undocumented member to every response that is a JSON object."""

    kind: Literal["extra_member"] = "extra_member"
    name: str = "introduced_later"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        document = loads(reply.body) if reply.body else None
        if isinstance(document, dict):
            reply.body = dumps(document | {self.name: True}).encode()
        return reply
