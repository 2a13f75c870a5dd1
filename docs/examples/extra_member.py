"""A fault of one's own, whole: finds clients that break when an answer has a member they do not know."""

from json import dumps, loads
from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault


class ExtraMember(Fault):
    """Adds a member that no document names to every JSON object that is answered."""

    kind: Literal["extra_member"] = "extra_member"
    name: str = "introduced_later"

    def apply(self, call: Call, proceed: Proceed) -> Reply:
        """Do the work, and add the member to what it answers."""
        reply = proceed(call)
        document = loads(reply.body) if reply.body else None
        if isinstance(document, dict):
            reply.body = dumps(document | {self.name: True}).encode()
        return reply
