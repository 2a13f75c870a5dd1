"""The stage that puts on every answer what the provider puts on every answer."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def dress(call: Call, proceed: Proceed) -> Reply:
    """Give the answer the headers this provider never leaves out."""
    reply = proceed(call)
    call.sandbox.provider.dialect.dress(call, reply)
    return reply
