"""The stage that puts on every answer what the provider puts on every answer."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply


def decorate(call: Call, proceed: Proceed) -> Reply:
    """Give the answer the headers this provider never leaves out."""
    reply = proceed(call)
    call.sandbox.provider.dialect.decorate(call, reply)
    return reply
